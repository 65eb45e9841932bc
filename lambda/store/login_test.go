package store

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// database is a PostgreSQL server that only logs in.
type database struct {
	config    Config
	began     chan string // users whose sessions began
	passwords chan string
}

// newDatabase serves sessions until the test ends.
func newDatabase(t *testing.T) *database {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	d := &database{began: make(chan string, 8), passwords: make(chan string, 8)}
	d.config = Config{
		Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, Database: "db", SSLMode: "disable", MaxConns: 1, User: "app",
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go d.serve(conn)
		}
	}()
	return d
}

// serve requests a password and accepts any. The client gets its errors.
func (d *database) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	backend := pgproto3.NewBackend(conn, conn)
	message, err := backend.ReceiveStartupMessage()
	startup, ok := message.(*pgproto3.StartupMessage)
	if err != nil || !ok {
		return
	}
	d.began <- startup.Parameters["user"]
	backend.Send(&pgproto3.AuthenticationCleartextPassword{})
	_ = backend.SetAuthType(pgproto3.AuthTypeCleartextPassword)
	if backend.Flush() != nil {
		return
	}
	for {
		message, err := backend.Receive()
		if err != nil {
			return
		}
		if password, ok := message.(*pgproto3.PasswordMessage); ok {
			d.passwords <- password.Password
			backend.Send(&pgproto3.AuthenticationOk{})
			backend.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			if backend.Flush() != nil {
				return
			}
		}
	}
}

func TestAConnectionStartsWhileItsSecretIsRead(t *testing.T) {
	d := newDatabase(t)
	d.config.Credentials = func(context.Context) (secrets.Credentials, error) {
		select {
		case user := <-d.began:
			return secrets.Credentials{Username: user, Password: "late"}, nil
		case <-time.After(connectTimeout):
			return secrets.Credentials{}, errors.New("no session began before the secret was there")
		}
	}
	store := Open(d.config)
	defer store.Close()
	if err := store.Connect(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := <-d.passwords; got != "late" {
		t.Errorf("logged in with %q", got)
	}
}

func TestAnUnusableSecretFailsTheLogin(t *testing.T) {
	gone := errors.New("the secret is missing")
	for name, test := range map[string]struct {
		credentials secrets.Credentials
		err         error
		want        string
	}{
		"it cannot be read":      {err: gone, want: "the secret is missing"},
		"it is for another user": {credentials: secrets.Credentials{Username: "other", Password: "p"}, want: `the secret is for the user "other", must be for "app"`},
		"it has no user name":    {credentials: secrets.Credentials{Password: "p"}, want: `the secret is for the user "", must be for "app"`},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDatabase(t)
			d.config.Credentials = func(context.Context) (secrets.Credentials, error) { return test.credentials, test.err }
			onAuthFailure := secrets.Credentials{}
			d.config.OnAuthFailure = func(used secrets.Credentials) { onAuthFailure = used }
			store := Open(d.config)
			defer store.Close()
			err := store.Connect(t.Context())
			if onAuthFailure != test.credentials {
				t.Errorf("refused %s, so the next login has not read the secret again", onAuthFailure)
			}
			if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), test.want) || test.err != nil && !errors.Is(err, test.err) {
				t.Errorf("got %v", err)
			}
			if !NotApplied(err) {
				t.Error("a write might have been carried out")
			}
			if len(d.passwords) != 0 {
				t.Error("it logged in")
			}
		})
	}
}

func TestTheWaitForASecretEndsWithTheConnectTimeout(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	err := Config{User: "app"}.awaitSecret(ctx, &pendingSecret{done: make(chan struct{})}, &pgconn.Config{})
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "the secret of the user app") {
		t.Errorf("got %v", err)
	}
}
