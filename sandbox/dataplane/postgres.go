package dataplane

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/sandbox/child"
)

// pgSuperuser is the owner of a server, as on Aurora: no client can be it.
const pgSuperuser = "rdsadmin"

// postgresReady is how long a server may take to start, initdb not counted.
const postgresReady = 60 * time.Second

// postgres is one running PostgreSQL server, without TLS.
type postgres struct {
	addr     netip.AddrPort
	password string // of the superuser
	dir      string
	process  *child.Process
}

// postgresSpec says what server to start.
type postgresSpec struct {
	name      string // of the log file and in messages
	superuser string
	addr      netip.AddrPort
}

// startPostgres makes a new database in a folder of its own and serves it.
func startPostgres(ctx context.Context, in Installation, spec postgresSpec) (*postgres, error) {
	who, err := postgresUser()
	if err != nil {
		return nil, err
	}
	if in, err = in.forUser(who); err != nil {
		return nil, err
	}
	dir := filepath.Join(in.Data, "postgres-"+spec.name)
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear PostgreSQL's folder: %w", err)
	}
	if err := os.MkdirAll(in.Data, 0o711); err != nil {
		return nil, fmt.Errorf("make the data folder: %w", err)
	}
	if err := ownedDir(dir, who); err != nil {
		return nil, err
	}
	pg := &postgres{addr: spec.addr, password: rand.Text(), dir: dir}
	if err := pg.initdb(ctx, in, who, spec.superuser); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	if err := pg.start(ctx, in, who, spec); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return pg, nil
}

// database is the folder of the database inside the server's.
func (pg *postgres) database() string { return filepath.Join(pg.dir, "database") }

func (pg *postgres) initdb(ctx context.Context, in Installation, who *syscall.Credential, superuser string) error {
	passwordFile := filepath.Join(pg.dir, "password")
	if err := os.WriteFile(passwordFile, []byte(pg.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write PostgreSQL's password: %w", err)
	}
	defer func() { _ = os.Remove(passwordFile) }()
	if err := handOver(passwordFile, who); err != nil {
		return err
	}
	var out bytes.Buffer
	process, err := child.Start(child.Spec{
		Name: "initdb", Path: filepath.Join(in.PostgresHome, "bin", "initdb"),
		Args: []string{
			"--pgdata", pg.database(), "--username", superuser, "--pwfile", passwordFile,
			"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale",
			"--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-sync",
		},
		Dir: pg.dir, Env: pg.env(in), Log: &out, User: who,
	})
	if err != nil {
		return err
	}
	if err := process.Wait(ctx); err != nil {
		return fmt.Errorf("make a PostgreSQL database in %s: %w\n%s", pg.dir, err, out.String())
	}
	return nil
}

func (pg *postgres) env(in Installation) []string {
	return []string{child.Marker(in.Root), "PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=/", "TMPDIR=" + pg.dir}
}

func (pg *postgres) start(ctx context.Context, in Installation, who *syscall.Credential, spec postgresSpec) error {
	log, err := openLog(in, "postgres-"+spec.name)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	args := []string{"-D", pg.database()}
	for _, setting := range []string{
		"listen_addresses=" + spec.addr.Addr().String(),
		"port=" + strconv.Itoa(int(spec.addr.Port())),
		"unix_socket_directories=",
		"max_connections=200", "shared_buffers=64MB",
		"password_encryption=scram-sha-256",
		// The data lives no longer than the sandbox: nothing to save from a crash.
		"fsync=off", "full_page_writes=off", "synchronous_commit=off",
		"max_wal_size=256MB", "io_method=sync", "jit=off",
	} {
		args = append(args, "-c", setting)
	}
	pg.process, err = child.Start(child.Spec{
		Name: "PostgreSQL " + spec.name, Path: filepath.Join(in.PostgresHome, "bin", "postgres"),
		Args: args, Env: pg.env(in), Dir: pg.dir, Log: log, User: who,
		Stop: syscall.SIGINT, Death: syscall.SIGQUIT,
	})
	if err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, postgresReady)
	defer cancel()
	if err := pg.process.Await(ready, pg.ping(spec.superuser)); err != nil {
		pg.process.Stop(time.Second)
		return fmt.Errorf("%w (log: %s)", err, log.Name())
	}
	return nil
}

func (pg *postgres) ping(user string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, pg.url(user, "postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
}

// url is the connection string of the server's owner.
func (pg *postgres) url(user, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, pg.password),
		Host: pg.addr.String(), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// stop ends the server and deletes its data.
func (pg *postgres) stop() error {
	pg.process.Stop(10 * time.Second)
	if err := os.RemoveAll(pg.dir); err != nil {
		return fmt.Errorf("delete PostgreSQL's data: %w", err)
	}
	return nil
}

// openLog opens the log file of a server for appending.
func openLog(in Installation, name string) (*os.File, error) {
	if err := os.MkdirAll(in.Logs, 0o755); err != nil {
		return nil, fmt.Errorf("make the log folder: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(in.Logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open a server's log: %w", err)
	}
	return log, nil
}
