// Package migrate brings the database to the schema that this build needs and
// gives the application a user of its own with as few rights as it can live
// with. It is run by an invocation at every deploy; running it again changes
// nothing.
package migrate

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// Migration says where to migrate and as whom.
type Migration struct {
	Secrets      SecretsAPI
	MasterSecret string // ARN, read
	AppSecret    string // ARN, read, and given a value if it has none
	Database     postgres.Database
	Log          *slog.Logger
}

// Event is what an invocation asks for; without a step, a migration.
type Event struct {
	Step string `json:"step"`
}

// awaitStep only waits until the database is available.
const awaitStep = "await"

// Handle does what the event asks for.
func (m Migration) Handle(ctx context.Context, event Event) (any, error) {
	switch event.Step {
	case "":
		return m.Run(ctx)
	case awaitStep:
		return m.Await(ctx)
	}
	return nil, fmt.Errorf("step %q: must be empty, which migrates, or %q", event.Step, awaitStep)
}

// Result is what a migration answers.
type Result struct {
	Applied []string `json:"applied"` // migrations of this run, in order
	Version int      `json:"version"` // of this build's schema; the database of a newer build has more
	Role    string   `json:"role"`    // of the application
}

// Run applies what is missing and sets up the application's user. Any error
// fails the deploy and leaves the schema at the last migration that worked.
func (m Migration) Run(ctx context.Context) (Result, error) {
	conn, err := m.connectAsMaster(ctx)
	if err != nil {
		return Result{}, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	all, err := embeddedVersions()
	if err != nil {
		return Result{}, err
	}
	applied, err := apply(ctx, conn, all)
	if err != nil {
		return Result{}, err
	}
	app, err := setUntilCurrent(
		func() (secrets.Credentials, error) { return m.appCredentials(ctx) },
		func(app secrets.Credentials) error { return setUpRole(ctx, conn, m.Database.Name, app) },
	)
	if err != nil {
		return Result{}, err
	}
	if err := m.checkLogin(ctx, app); err != nil {
		return Result{}, err
	}
	m.Log.InfoContext(ctx, "migrated", "applied", applied, "version", len(all))
	return Result{Applied: applied, Version: len(all), Role: app.Username}, nil
}
