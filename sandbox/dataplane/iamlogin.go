package dataplane

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
)

// iamAuthentication begins pg_hba.conf: of members of rds_iam the server requests the password itself, which is a token
// on AWS. The master user, who can grant the role, keeps its password.
const iamAuthentication = `host all +rds_superuser 127.0.0.1/32 scram-sha-256
host all +rds_iam 127.0.0.1/32 password
`

// allowIAM makes PostgreSQL authenticate members of rds_iam as dialServer expects.
func (pg *postgres) allowIAM() error {
	path := filepath.Join(pg.database(), "pg_hba.conf")
	rules, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(path, append([]byte(iamAuthentication), rules...), 0o600)
	}
	if err != nil {
		return fmt.Errorf("set PostgreSQL's authentication: %w", err)
	}
	return nil
}

// dialServer connects a client to the cluster's server. If the server requests a password, the user is a member of
// rds_iam: the password has to be a token, which the account verifies as RDS does.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
func (c *clusterServer) dialServer(plain string, client net.Conn) (net.Conn, error) {
	packet, err := readPacket(client)
	if err != nil {
		return nil, err
	}
	server, first, err := startSession(plain, packet)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(first, encode(&pgproto3.AuthenticationCleartextPassword{})) {
		return &prefixedConn{server, io.MultiReader(bytes.NewReader(first), server)}, nil
	}
	_ = server.Close() // it has read the user's password already
	password, err := c.authenticateToken(client, packet)
	if err != nil {
		return nil, err
	}
	if server, _, err = startSession(plain, packet); err != nil {
		return nil, err
	}
	if _, err := server.Write(password); err != nil {
		return nil, errors.Join(fmt.Errorf("send the password: %w", err), server.Close())
	}
	return server, nil
}

// startSession sends a client's start-up packet to the server and returns the server's first message.
func startSession(plain string, packet []byte) (net.Conn, []byte, error) {
	dialer := net.Dialer{Timeout: handshakeTimeout}
	server, err := dialer.DialContext(context.Background(), "tcp", plain)
	if err != nil {
		return nil, nil, err
	}
	first, err := exchangeStartup(server, packet)
	if err != nil {
		return nil, nil, errors.Join(err, server.Close())
	}
	return server, first, nil
}

// exchangeStartup sends the start-up packet and returns the server's first message. A cancel request has none.
func exchangeStartup(server net.Conn, packet []byte) ([]byte, error) {
	if _, err := server.Write(packet); err != nil {
		return nil, fmt.Errorf("send start-up packet: %w", err)
	}
	if binary.BigEndian.Uint32(packet[4:]) == pgCancelRequest {
		return nil, nil
	}
	head := make([]byte, 5)
	if _, err := io.ReadFull(server, head); err != nil {
		return nil, fmt.Errorf("read the server's first message: %w", err)
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length < 4 || length > maxStartup {
		return nil, fmt.Errorf("first message of %d bytes: not PostgreSQL", length)
	}
	body := make([]byte, length-4)
	if _, err := io.ReadFull(server, body); err != nil {
		return nil, fmt.Errorf("read the server's first message: %w", err)
	}
	return slices.Concat(head, body), nil
}

func encode(message pgproto3.BackendMessage) []byte {
	encoded, _ := message.Encode(nil) // fails for messages of 1 GiB
	return encoded
}

// authenticateToken authenticates a client with a token. It returns the message with the user's password, which nobody
// knows and is set for every login.
func (c *clusterServer) authenticateToken(client net.Conn, packet []byte) ([]byte, error) {
	ctx, stop := context.WithTimeout(context.Background(), handshakeTimeout)
	defer stop()
	var startup pgproto3.StartupMessage
	if err := startup.Decode(packet[4:]); err != nil {
		return nil, fmt.Errorf("read the start-up message: %w", err)
	}
	user := startup.Parameters["user"]
	token, err := request[*pgproto3.PasswordMessage](pgproto3.NewBackend(client, client), pgproto3.AuthTypeCleartextPassword, &pgproto3.AuthenticationCleartextPassword{})
	if err != nil {
		return nil, err
	}
	// One login at a time: two could set the password at once.
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.spec.Token == nil || c.postgres == nil {
		return nil, errors.New("the cluster verifies no tokens")
	}
	if err := c.spec.Token(ctx, user, token.Password); err != nil {
		// AWS's server checks tokens in a PAM module, and says no more to the client.
		rejected := pgError{"28000", fmt.Sprintf("PAM authentication failed for user %q", user)}
		_, _ = client.Write(rejected.packet()) // it may have disconnected
		return nil, err
	}
	if err := c.postgres.setPassword(ctx, user, c.postgres.password); err != nil {
		return nil, err
	}
	return (&pgproto3.PasswordMessage{Password: c.postgres.password}).Encode(nil)
}

// setPassword sets a user's password.
func (pg *postgres) setPassword(ctx context.Context, user, password string) error {
	conn, err := pgx.Connect(ctx, pg.url(pgSuperuser, "postgres"))
	if err != nil {
		return fmt.Errorf("set the password of %s: %w", user, err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	if _, err := conn.Exec(ctx, `ALTER ROLE `+pgx.Identifier{user}.Sanitize()+` PASSWORD `+quoteLiteral(password)); err != nil {
		return fmt.Errorf("set the password of %s", user) // the statement contains it
	}
	return nil
}
