package dataplane

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/xdg-go/scram"
)

// scramRounds is PostgreSQL's own number (scram_iterations).
const scramRounds = 4096

// proxyLogin is how RDS Proxy lets a client in: the client proves that it has
// the password of a secret's current version, and the proxy logs in to the
// database with it, whatever the database thinks of the client.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.troubleshooting.html
type proxyLogin struct {
	password func(ctx context.Context, user string) (string, error)
	pending  func() bool
	server   netip.AddrPort // zero: there is none yet
}

// admit returns the connection that the client is relayed to, logged in; or
// tells the client why there is none.
func (l proxyLogin) admit(client net.Conn) (net.Conn, error) {
	ctx, stop := context.WithTimeout(context.Background(), handshakeTimeout)
	defer stop()
	backend := pgproto3.NewBackend(client, client)
	message, err := backend.ReceiveStartupMessage()
	if err != nil {
		return nil, fmt.Errorf("read the start-up of a proxy's client: %w", err)
	}
	startup, ok := message.(*pgproto3.StartupMessage)
	if !ok {
		return nil, nil // a cancel request, which RDS Proxy does not support
	}
	server, err := l.login(ctx, backend, startup.Parameters)
	if err != nil {
		tell(backend, err)
		return nil, err
	}
	return server.Conn, welcome(backend, server)
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
	if err := prove(client, user, password); err != nil {
		return nil, &pgconn.PgError{Code: "28P01", Message: "The password that was provided for the role " + user + " is wrong."}
	}
	if l.pending != nil && l.pending() {
		// On AWS after the borrow timeout, here at once.
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
	conn, err := pgconn.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return conn.Hijack()
}

// prove has the client show by SCRAM-SHA-256 that it has a password.
func prove(client *pgproto3.Backend, user, password string) error {
	known, err := scram.SHA256.NewClient(user, password, "")
	if err != nil {
		return err
	}
	stored, err := known.GetStoredCredentialsWithError(scram.KeyFactors{Salt: rand.Text(), Iters: scramRounds})
	if err != nil {
		return err
	}
	// PostgreSQL's clients leave the name out of the exchange: the start-up has it.
	server, err := scram.SHA256.NewServer(func(string) (scram.StoredCredentials, error) { return stored, nil })
	if err != nil {
		return err
	}
	exchange := server.NewConversation()
	first, err := ask[*pgproto3.SASLInitialResponse](client, pgproto3.AuthTypeSASL, &pgproto3.AuthenticationSASL{AuthMechanisms: []string{"SCRAM-SHA-256"}})
	if err != nil {
		return err
	}
	challenge, err := exchange.Step(string(first.Data))
	if err != nil {
		return err
	}
	proof, err := ask[*pgproto3.SASLResponse](client, pgproto3.AuthTypeSASLContinue, &pgproto3.AuthenticationSASLContinue{Data: []byte(challenge)})
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

// ask sends a step of a login and returns the client's answer to it.
func ask[T pgproto3.FrontendMessage](client *pgproto3.Backend, kind uint32, question pgproto3.BackendMessage) (T, error) {
	var none T
	client.Send(question)
	if err := client.Flush(); err != nil {
		return none, err
	}
	if err := client.SetAuthType(kind); err != nil {
		return none, err
	}
	message, err := client.Receive()
	if err != nil {
		return none, err
	}
	answer, ok := message.(T)
	if !ok {
		return none, fmt.Errorf("the client answers a login by %T", message)
	}
	return answer, nil
}

// welcome tells the client what the database told the proxy, but for the key to cancel its queries by,
// which RDS Proxy does not send.
// https://github.com/pgdogdev/pgdog/pull/918
func welcome(client *pgproto3.Backend, server *pgconn.HijackedConn) error {
	client.Send(&pgproto3.AuthenticationOk{})
	for name, value := range server.ParameterStatuses {
		client.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	client.Send(&pgproto3.ReadyForQuery{TxStatus: server.TxStatus})
	return client.Flush()
}

// tell gives the client the reason for which it is not let in.
func tell(client *pgproto3.Backend, reason error) {
	answer := &pgproto3.ErrorResponse{Severity: "FATAL", Code: "08006", Message: "RDS Proxy: " + reason.Error()}
	var reported *pgconn.PgError
	if errors.As(reason, &reported) {
		answer.Code, answer.Message = reported.Code, reported.Message
	}
	client.Send(answer)
	_ = client.Flush() // who is gone need not be told
}
