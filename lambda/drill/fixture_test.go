package drill

import (
	"testing"

	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// appCredentials are the application user's.
func appCredentials(t *testing.T, h Handler) secrets.Credentials {
	t.Helper()
	app, err := secrets.New(func() secrets.API { return h.Secrets }).Get(t.Context(), h.AppSecret)
	if err != nil {
		t.Fatal(err)
	}
	return app
}

// masterCredentials are the master user's of a test's database.
func masterCredentials(d testservices.Database) secrets.Credentials {
	return secrets.Credentials{Username: d.Admin.User, Password: d.Admin.Password}
}
