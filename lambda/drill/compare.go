package drill

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/contract"
)

// compare compares a table of production with the restored one.
func (t table) compare(ctx context.Context, production, restored session, before time.Time) (contract.DrillTable, error) {
	result := contract.DrillTable{Name: t.name, ByRow: t.key != "" && t.dated}
	found, err := restored.has(ctx, t)
	if err != nil {
		return result, err
	}
	if result.Absent = !found; result.Absent {
		return result, nil
	}
	if !result.ByRow {
		err := t.count(ctx, production, restored, &result)
		return result, err
	}
	newest := `SELECT max(updated_at) FROM ` + t.quoted()
	if err := restored.QueryRow(ctx, newest).Scan(&result.Newest); err != nil {
		return result, err
	}
	there, err := t.digests(ctx, production, before)
	if err != nil {
		return result, err
	}
	defer there.Close()
	here, err := t.digests(ctx, restored, before)
	if err != nil {
		return result, err
	}
	defer here.Close()
	err = merge(there, here, &result)
	return result, err
}

func (t table) count(ctx context.Context, production, restored session, result *contract.DrillTable) error {
	statement := `SELECT count(*) FROM ` + t.quoted()
	if err := production.QueryRow(ctx, statement).Scan(&result.Production); err != nil {
		return err
	}
	return restored.QueryRow(ctx, statement).Scan(&result.Restored)
}

// digests are the rows that were last written up to a time: digests of their keys, in order, and of all their columns.
func (t table) digests(ctx context.Context, s session, before time.Time) (*digests, error) {
	rows, err := s.Query(ctx, fmt.Sprintf(
		`SELECT md5(ROW(%s)::text) COLLATE "C", md5(t::text) FROM %s AS t WHERE updated_at <= $1 ORDER BY 1`, t.key, t.quoted()), before)
	return &digests{Rows: rows}, err
}

// digests are read row by row: a table of any size is compared in little memory.
type digests struct {
	pgx.Rows
	key, row string
	done     bool
	read     int64
}

func (d *digests) next() error {
	if d.Next() {
		d.read++
		return d.Scan(&d.key, &d.row)
	}
	d.done = true
	return d.Err()
}

// merge counts how the rows of two databases differ. No write since the time that both were read up to has touched the
// rows of production: a write sets updated_at, and so takes the row out of them. The restored database has all of them,
// and those that production has changed or deleted since.
func merge(production, restored *digests, result *contract.DrillTable) error {
	err := production.next()
	if err == nil {
		err = restored.next()
	}
	for err == nil && (!production.done || !restored.done) {
		switch order := compareKeys(production, restored); {
		case order < 0:
			result.Missing++
			err = production.next()
		case order > 0:
			result.Since++
			err = restored.next()
		default:
			if production.row != restored.row {
				result.Different++
			}
			if err = production.next(); err == nil {
				err = restored.next()
			}
		}
	}
	result.Production, result.Restored = production.read, restored.read
	return err
}

// compareKeys orders the present rows; a database that has no more rows comes last.
func compareKeys(a, b *digests) int {
	switch {
	case b.done:
		return -1
	case a.done:
		return 1
	}
	return strings.Compare(a.key, b.key)
}
