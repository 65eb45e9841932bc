package dataplane

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/xdg-go/scram"
)

// scramRounds is PostgreSQL's default of scram_iterations.
const scramRounds = 4096

// proxyLogin authenticates a client as RDS Proxy does: it compares the client's password with that in the current version
// of a secret, and uses the secret's password for the database login.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.troubleshooting.html
type proxyLogin struct {
	password func(ctx context.Context, user string) (string, error)
	pending  func() bool
	server   netip.AddrPort // zero: not running yet
	// borrowed is called with the time that a client has waited for a connection; nil: none.
	borrowed func(time.Duration)
}

// connect returns an authenticated server connection for the client. On failure, it sends the client the error.
func (l proxyLogin) connect(client net.Conn) (net.Conn, error) {
	ctx, stop := context.WithTimeout(context.Background(), handshakeTimeout)
	defer stop()
	backend := pgproto3.NewBackend(client, client)
	message, err := backend.ReceiveStartupMessage()
	if err != nil {
		return nil, fmt.Errorf("read the start-up message of a proxy's client: %w", err)
	}
	startup, ok := message.(*pgproto3.StartupMessage)
	if !ok {
		return nil, nil // a cancel request, which RDS Proxy does not support
	}
	server, err := l.login(ctx, backend, startup.Parameters)
	if err != nil {
		sendError(backend, err)
		return nil, err
	}
	return server.Conn, sendReady(backend, server)
}

func (l proxyLogin) login(ctx context.Context, client *pgproto3.Backend, parameters map[string]string) (*pgconn.HijackedConn, error) {
	if parameters["options"] != "" {
		return nil, &pgconn.PgError{Code: "0A000", Message: "Feature not supported: RDS Proxy currently doesn't support command-line options."}
	}
	user := parameters["user"]
	password, err := l.password(ctx, user)
	if errors.Is(err, ErrNoCredentials) {
		return nil, &pgconn.PgError{Code: "28000", Message: "This RDS proxy has no credentials for the role " + user + ". Check the credentials for this role and try again."}
	}
	if err != nil {
		return nil, err
	}
	if err := authenticate(client, user, password); err != nil {
		return nil, &pgconn.PgError{Code: "28P01", Message: "The password that was provided for the role " + user + " is wrong."}
	}
	if l.pending != nil && l.pending() {
		// AWS sends this after the borrow timeout.
		return nil, &pgconn.PgError{Code: "08000", Message: "Timed-out waiting to acquire database connection."}
	}
	config, err := pgconn.ParseConfig("postgres://" + l.server.String() + "/?sslmode=disable")
	if err != nil {
		return nil, err
	}
	config.User, config.Password, config.Database = user, password, parameters["database"]
	config.RuntimeParams = maps.Clone(parameters)
	delete(config.RuntimeParams, "user")
	delete(config.RuntimeParams, "database")
	begin := time.Now()
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	if l.borrowed != nil {
		l.borrowed(time.Since(begin))
	}
	return conn.Hijack()
}

// authenticate verifies the client's password by SCRAM-SHA-256.
func authenticate(client *pgproto3.Backend, user, password string) error {
	known, err := scram.SHA256.NewClient(user, password, "")
	if err != nil {
		return err
	}
	stored, err := known.GetStoredCredentialsWithError(scram.KeyFactors{Salt: rand.Text(), Iters: scramRounds})
	if err != nil {
		return err
	}
	// PostgreSQL's clients omit the user name from the exchange, because the start-up message has it.
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return stored, nil })
	if err != nil {
		return err
	}
	exchange := server.NewConversation()
	first, err := request[*pgproto3.SASLInitialResponse](client, pgproto3.AuthTypeSASL, &pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
	if err != nil {
		return err
	}
	challenge, err := exchange.Step(string(first.Data))
	if err != nil {
		return err
	}
	proof, err := request[*pgproto3.SASLResponse](client, pgproto3.AuthTypeSASLContinue, &pgproto3.AuthenticationSASLContinue{Data: []byte(challenge)})
	if err != nil {
		return err
	}
	signature, err := exchange.Step(string(proof.Data))
	if err != nil {
		return err
	}
	client.Send(&pgproto3.AuthenticationSASLFinal{Data: []byte(signature)})
	return nil
}

// request sends an authentication request and returns the client's response.
func request[T pgproto3.FrontendMessage](client *pgproto3.Backend, kind uint32, message pgproto3.BackendMessage) (T, error) {
	var none T
	client.Send(message)
	if err := client.Flush(); err != nil {
		return none, err
	}
	if err := client.SetAuthType(kind); err != nil {
		return none, err
	}
	received, err := client.Receive()
	if err != nil {
		return none, err
	}
	response, ok := received.(T)
	if !ok {
		return none, fmt.Errorf("unexpected %T from the client during authentication", received)
	}
	return response, nil
}

// sendReady completes the login with the server's parameters. Like RDS Proxy, it sends no key for cancel requests.
// https://github.com/pgdogdev/pgdog/pull/918
func sendReady(client *pgproto3.Backend, server *pgconn.HijackedConn) error {
	client.Send(&pgproto3.AuthenticationOk{})
	for name, value := range server.ParameterStatuses {
		client.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	client.Send(&pgproto3.ReadyForQuery{TxStatus: server.TxStatus})
	return client.Flush()
}

// sendError sends the client the reason for the rejected login.
func sendError(client *pgproto3.Backend, reason error) {
	response := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "08006", Message: "RDS Proxy: " + reason.Error()}
	var reported *pgconn.PgError
	if errors.As(reason, &reported) {
		response.Code, response.Message = reported.Code, reported.Message
	}
	client.Send(response)
	_ = client.Flush() // the client may have disconnected
}
