// Package drill migrates a restored copy of the database to the schema of this build, as a restore would, and compares
// its rows with those of the stack's database, which it only reads. It returns numbers, and no value of any row.
//
// Which database is migrated is decided by the secret of its master user: the function's role can read those of restored
// clusters alone, and no other cluster accepts that password.
package drill

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/migrate"
	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// Handler compares restored databases with the stack's.
type Handler struct {
	Secrets    migrate.SecretsAPI
	AppSecret  string            // ARN
	Production postgres.Database // its port, name and TLS settings are the restored one's too
	Log        *slog.Logger
}

// Handle migrates the restored database of the event, and compares it.
func (h Handler) Handle(ctx context.Context, event contract.Drill) (contract.DrillResult, error) {
	restored, err := h.restored(event)
	if err != nil {
		return contract.DrillResult{}, err
	}
	began := time.Now()
	migrated, err := migrate.Migration{
		Secrets: h.Secrets, MasterSecret: event.MasterSecret, AppSecret: h.AppSecret, Database: restored, Log: h.Log,
	}.Run(ctx)
	if err != nil {
		return contract.DrillResult{}, fmt.Errorf("migrating the restored database: %w", err)
	}
	migrating := time.Since(began)
	tables, err := h.compare(ctx, restored, event.Before)
	if err != nil {
		return contract.DrillResult{}, err
	}
	comparing := time.Since(began) - migrating
	h.Log.InfoContext(ctx, "compared a restored database", "host", event.Host, "tables", tables)
	return contract.DrillResult{
		Migrated: migrated.Applied, Version: migrated.Version, Tables: tables,
		MigrateMilliseconds: migrating.Milliseconds(), CompareMilliseconds: comparing.Milliseconds(),
	}, nil
}

// restored is the restored database's address. It is another host's than production's, whatever the secret.
func (h Handler) restored(event contract.Drill) (postgres.Database, error) {
	database := h.Production
	database.Host = event.Host
	switch {
	case event.Host == "" || event.MasterSecret == "" || event.Before.IsZero():
		return database, errors.New("the event must have host, masterSecret and before")
	case event.Host == h.Production.Host:
		return database, fmt.Errorf("the host %s is the stack's own database: it must be a restored one", event.Host)
	}
	return database, nil
}

// compare compares all tables, as the application's user, which has the same password in both databases after the
// migration.
func (h Handler) compare(ctx context.Context, restored postgres.Database, before time.Time) ([]contract.DrillTable, error) {
	app, err := secrets.New(func() secrets.API { return h.Secrets }).Get(ctx, h.AppSecret)
	if err != nil {
		return nil, fmt.Errorf("the application's credentials: %w", err)
	}
	there, err := open(ctx, h.Production, app)
	if err != nil {
		return nil, err
	}
	defer there.close(ctx)
	here, err := open(ctx, restored, app)
	if err != nil {
		return nil, err
	}
	defer here.close(ctx)
	tables, err := there.tables(ctx)
	if err != nil {
		return nil, err
	}
	compared := make([]contract.DrillTable, 0, len(tables))
	for _, t := range tables {
		result, err := t.compare(ctx, there, here, before)
		if err != nil {
			return nil, fmt.Errorf("comparing the table %s: %w", t.name, err)
		}
		compared = append(compared, result)
	}
	return compared, nil
}
