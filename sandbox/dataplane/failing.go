package dataplane

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/didomi/serverless-api/sandbox/faults"
)

// failing configures the faults of a TLS proxy's connections. The zero value has none.
type failing struct {
	registry *faults.Registry
	server   faults.Server
	begin    beginFunc
}

// beginFunc applies a fault to a new connection after its TLS handshake. It returns nil if it has rejected the client.
type beginFunc func(conn net.Conn, how string) (net.Conn, error)

// database configures the faults of a cluster's or an RDS proxy's connections.
func (s *Servers) database() failing {
	return failing{s.faults, faults.Server{Part: faults.Database, Counts: isStatement}, beginPostgres}
}

// shard configures the faults of a cache node's connections.
func (s *Servers) shard(i, shards int) failing {
	return failing{s.faults, faults.Server{Part: faults.Cache, Shard: i, Shards: shards, Counts: isCommand}, beginRedis}
}

// tooManyConnections is PostgreSQL's error once max_connections are in use.
var tooManyConnections = pgError{"53300", "sorry, too many clients already"}

// beginPostgres rejects the client of a full database and makes a client's session read-only.
func beginPostgres(conn net.Conn, how string) (net.Conn, error) {
	if how != faults.Full && how != faults.ReadOnly {
		return conn, nil
	}
	packet, err := readPacket(conn)
	if err != nil {
		return nil, err
	}
	if how == faults.Full {
		_, err := conn.Write(tooManyConnections.packet())
		return nil, err
	}
	if packet, err = readOnlyStartup(packet); err != nil {
		return nil, err
	}
	return &prefixedConn{conn, io.MultiReader(bytes.NewReader(packet), conn)}, nil
}

// readPacket reads a start-up packet with its length.
func readPacket(r io.Reader) ([]byte, error) {
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, fmt.Errorf("read start-up packet: %w", err)
	}
	length := binary.BigEndian.Uint32(head)
	if length < 8 || length > maxStartup {
		return nil, fmt.Errorf("start-up packet of %d bytes: not PostgreSQL", length)
	}
	packet := make([]byte, length)
	copy(packet, head)
	if _, err := io.ReadFull(r, packet[4:]); err != nil {
		return nil, fmt.Errorf("read start-up packet: %w", err)
	}
	return packet, nil
}

// readOnlyStartup returns the start-up packet of a session that rejects writes as a reader does (SQLSTATE 25006).
func readOnlyStartup(packet []byte) ([]byte, error) {
	if binary.BigEndian.Uint32(packet[4:]) == pgCancelRequest {
		return packet, nil
	}
	var startup pgproto3.StartupMessage
	if err := startup.Decode(packet[4:]); err != nil {
		return nil, fmt.Errorf("decode start-up packet: %w", err)
	}
	startup.Parameters["default_transaction_read_only"] = "on"
	return startup.Encode(nil)
}

// prefixedConn reads what was read ahead first.
type prefixedConn struct {
	net.Conn
	r io.Reader
}

func (c *prefixedConn) Read(p []byte) (int, error) { return c.r.Read(p) }

// isStatement reports whether a client's message belongs to a session, not to its login: start-up packets have no type,
// and the messages of every kind of authentication have type p (PostgreSQL manual, "Message Formats").
func isStatement(message []byte) bool { return message[0] != 0 && message[0] != 'p' }

// beginRedis rejects the client of a full cache as Redis does above maxclients.
func beginRedis(conn net.Conn, how string) (net.Conn, error) {
	if how != faults.Full {
		return conn, nil
	}
	_, err := conn.Write([]byte("-ERR max number of clients reached\r\n"))
	return nil, err
}

// isCommand reports whether a client's request is more than what its library sends to set a connection up.
func isCommand(request []byte) bool {
	fields := bytes.SplitN(request, []byte("\r\n"), 4) // *2, $5, hello, ...
	if len(fields) < 3 {
		return true
	}
	switch string(bytes.ToLower(fields[2])) {
	case "hello", "auth", "client", "cluster", "readonly":
		return false
	}
	return true
}

// relockInterval is the time between two attempts to lock the tables of a server that is being restarted.
const relockInterval = 100 * time.Millisecond

// LockTables locks the tables of the clusters that match, against writes but not against reads, until release. A server
// that is restarted meanwhile has them locked again.
func (s *Servers) LockTables(ctx context.Context, match func(cluster string) bool) (release func(), err error) {
	holding, end := context.WithCancel(context.WithoutCancel(ctx))
	var holders sync.WaitGroup
	release = func() {
		end()
		holders.Wait()
	}
	locked := false
	for id, c := range all(s, s.clusters) {
		if !match(id) {
			continue
		}
		c.mu.Lock()
		pg, database := c.postgres, c.spec.Database
		c.mu.Unlock()
		if pg == nil {
			continue
		}
		conn, err := pg.lockTables(ctx, database)
		if err != nil {
			release()
			return nil, fmt.Errorf("lock the tables of cluster %s: %w", id, err)
		}
		locked = true
		holders.Go(func() { pg.keepLocked(holding, conn, database) })
	}
	if !locked {
		end()
		return nil, errors.New("the stack has no database")
	}
	return release, nil
}

// keepLocked holds the locks of a connection until ctx is done, and takes them again when the server has ended it.
func (pg *postgres) keepLocked(ctx context.Context, conn *pgx.Conn, database string) {
	for {
		if conn != nil {
			_, _ = conn.WaitForNotification(ctx)       // there is none: it returns when the connection ends, or ctx
			_ = conn.Close(context.WithoutCancel(ctx)) // rolls back, which releases the locks
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(relockInterval):
		}
		conn, _ = pg.lockTables(ctx, database) // the server may not accept connections yet
	}
}

// lockTables locks all tables of a database in a transaction that stays open. Mode EXCLUSIVE admits reads only.
func (pg *postgres) lockTables(ctx context.Context, database string) (*pgx.Conn, error) {
	conn, err := pgx.Connect(ctx, pg.url(pgSuperuser, database))
	if err != nil {
		return nil, err
	}
	const lock = `BEGIN;
		SET LOCAL statement_timeout = 0; SET LOCAL transaction_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0;
		SET LOCAL lock_timeout = '10s';
		DO $$ DECLARE t regclass; BEGIN
			FOR t IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
				WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%'
			LOOP EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE', t); END LOOP;
		END $$`
	if _, err := conn.Exec(ctx, lock); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}
