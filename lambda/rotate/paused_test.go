package rotate

import (
	"net"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// listen returns the port of a server that calls respond for every connection.
func listen(t *testing.T, respond func(net.Conn)) int {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			respond(conn)
			_ = conn.Close()
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

// A cluster that pauses resumes when a client connects, which takes 15 seconds and more; the connection may
// break meanwhile. Every login reads the master user's secret.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
func TestALoginToAPausedServerIsRetriedOnce(t *testing.T) {
	for name, tt := range map[string]struct {
		respond func(net.Conn)
		logins  int
	}{
		"a server that breaks off is tried again":           {func(net.Conn) {}, 2},
		"a server that rejects the user is not tried again": {rejects, 1},
	} {
		t.Run(name, func(t *testing.T) {
			master := secrets.Credentials{Username: "master", Password: "secret"}
			vault := &changing{Secrets: testservices.NewSecrets(map[string]secrets.Credentials{testservices.MasterSecret: master})}
			d := Database{
				Database: postgres.Database{Host: "127.0.0.1", Port: listen(t, tt.respond), Name: "app", SSLMode: "disable"},
				Secrets:  vault, MasterSecret: testservices.MasterSecret,
			}
			if err := d.Verify(t.Context(), secrets.Credentials{Username: "app"}); err == nil || vault.reads != tt.logins {
				t.Errorf("%d logins, want %d; %v", vault.reads, tt.logins, err)
			}
		})
	}
}

func rejects(conn net.Conn) {
	server := pgproto3.NewBackend(conn, conn)
	if _, err := server.ReceiveStartupMessage(); err != nil {
		return
	}
	server.Send(&pgproto3.ErrorResponse{Severity: "FATAL", Code: "28P01", Message: "password authentication failed"})
	_ = server.Flush()
}
