// Package migrate migrates the database to the schema of this build and creates the application's user with the least privileges. Every
// deployment invokes it; a repeated run changes nothing.
package migrate

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// Migration is a migration of a database.
type Migration struct {
	Secrets      SecretsAPI
	MasterSecret string // ARN; read
	AppSecret    string // ARN; read, and set if it has no value
	Database     postgres.Database
	QueryUser    string // of operators' queries; empty: there is none
	Log          *slog.Logger
	// Cache is what the step "purge" empties; nil: there is none.
	Cache Purger
}

// Purger is a cache whose entries can be deleted.
type Purger interface {
	// Purge deletes every entry and returns how many keys it visited.
	Purge(ctx context.Context) (int, error)
}

// Event is the event of an invocation; without a step it migrates.
type Event struct {
	Step string `json:"step"`
}

const (
	// awaitStep is the step that waits until the database is available.
	awaitStep = "await"
	// purgeStep is the step that empties the cache after the database was restored.
	purgeStep = "purge"
)

// Handle runs the step of the event.
func (m Migration) Handle(ctx context.Context, event Event) (any, error) {
	switch event.Step {
	case "":
		return m.Run(ctx)
	case awaitStep:
		return m.Await(ctx)
	case purgeStep:
		return m.Purge(ctx)
	}
	return nil, fmt.Errorf("step %q: must be empty, which migrates, %q or %q", event.Step, awaitStep, purgeStep)
}

// Result is the result of a migration.
type Result struct {
	Applied []string `json:"applied"` // migrations of this run, in order
	Version int      `json:"version"` // of this build's schema; the database may have a newer one
	Role    string   `json:"role"`    // the application's
}

// Run applies missing migrations and sets up the application's user. An error fails the deployment and leaves the schema at the last
// successful migration.
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
	if m.QueryUser != "" {
		if err := setUpQueryUser(ctx, conn, m.Database.Name, m.QueryUser); err != nil {
			return Result{}, err
		}
	}
	if err := m.checkLogin(ctx, app); err != nil {
		return Result{}, err
	}
	m.Log.InfoContext(ctx, "migrated", "applied", applied, "version", len(all))
	return Result{Applied: applied, Version: len(all), Role: app.Username}, nil
}
