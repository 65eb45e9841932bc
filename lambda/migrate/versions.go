package migrate

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed sql/*.sql
var files embed.FS

// version is a migration.
type version struct {
	number   int
	name     string // of the file without its extension
	sql      string
	checksum string
}

// embeddedVersions returns the migrations of this build in order.
func embeddedVersions() ([]version, error) {
	entries, err := files.ReadDir("sql")
	if err != nil {
		return nil, fmt.Errorf("reading the embedded migrations: %w", err)
	}
	var all []version
	for _, entry := range entries {
		content, err := files.ReadFile(path.Join("sql", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("reading migration %s: %w", entry.Name(), err)
		}
		v, err := parse(entry.Name(), string(content), len(all)+1)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// parse checks that a file is named NNNN_name.sql with the next number.
func parse(file, sql string, next int) (version, error) {
	name := strings.TrimSuffix(file, ".sql")
	digits, _, _ := strings.Cut(name, "_")
	number, err := strconv.Atoi(digits)
	if err != nil || number != next || len(digits) != 4 {
		return version{}, fmt.Errorf("migration %s must be named %04d_name.sql: numbers have no gap and none is used twice", file, next)
	}
	sum := sha256.Sum256([]byte(sql))
	return version{number: number, name: name, sql: sql, checksum: hex.EncodeToString(sum[:])}, nil
}

const (
	// lockKey is the advisory lock of a run. Any number works as long as nothing else in the database uses it.
	lockKey = 7_203_114_991

	createVersionsTable = `CREATE TABLE IF NOT EXISTS schema_migrations (
    version    int PRIMARY KEY,
    name       text        NOT NULL,
    checksum   text        NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
)`
)

// apply runs the missing migrations, each in its own transaction, and returns their names.
func apply(ctx context.Context, conn *pgx.Conn, all []version) ([]string, error) {
	applied := []string{}
	if err := withLock(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, createVersionsTable)
		return err
	}); err != nil {
		return nil, fmt.Errorf("creating the table of migrations: %w", err)
	}
	for _, v := range all {
		var did bool
		err := withLock(ctx, conn, func(tx pgx.Tx) (err error) {
			did, err = v.apply(ctx, tx)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", v.name, err)
		}
		if did {
			applied = append(applied, v.name)
		}
	}
	return applied, nil
}

// withLock runs do in a transaction that holds the lock of migrations.
func withLock(ctx context.Context, conn *pgx.Conn, do func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(lockKey)); err != nil {
			return fmt.Errorf("waiting for other migrations: %w", err)
		}
		return do(tx)
	})
}

// apply runs a migration unless it was run before; then its text must be unchanged.
func (v version) apply(ctx context.Context, tx pgx.Tx) (bool, error) {
	var checksum string
	err := tx.QueryRow(ctx, `SELECT checksum FROM schema_migrations WHERE version = $1`, v.number).Scan(&checksum)
	switch {
	case err == nil && checksum != v.checksum:
		return false, errors.New("its text was changed after it was applied; restore it and add a new migration instead")
	case err == nil:
		return false, nil
	case !errors.Is(err, pgx.ErrNoRows):
		return false, err
	}
	// Several statements in one string need the simple protocol.
	if _, err := tx.Exec(ctx, v.sql, pgx.QueryExecModeSimpleProtocol); err != nil {
		return false, err
	}
	_, err = tx.Exec(ctx, `INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)`, v.number, v.name, v.checksum)
	return err == nil, err
}
