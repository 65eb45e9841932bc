package store

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/fault"
)

// Two writes of an item never have the same time, even if the clock is set back; and a row was created by the write for which its
// two times are the same.
const (
	setWritten = `body = $2::json, revision = $3, updated_at = greatest(clock_timestamp(), items.updated_at + interval '1 microsecond')`

	insertRow = `WITH instant AS (SELECT clock_timestamp() AS t)
INSERT INTO items (id, body, revision, created_at, updated_at) SELECT $1, $2::json, $3, t, t FROM instant `
	returning = ` RETURNING updated_at, created_at = updated_at`

	upsertStatement  = insertRow + `ON CONFLICT (id) DO UPDATE SET ` + setWritten + returning
	differStatement  = insertRow + `ON CONFLICT (id) DO UPDATE SET ` + setWritten + ` WHERE items.revision <> ALL ($4::text[])` + returning
	createStatement  = insertRow + `ON CONFLICT (id) DO NOTHING` + returning
	replaceStatement = `UPDATE items SET ` + setWritten + ` WHERE id = $1
AND ($4::text[] IS NULL OR revision = ANY ($4::text[])) AND ($5::text[] IS NULL OR revision <> ALL ($5::text[]))` + returning
)

// Put writes body as the item id with a new revision, if condition is true, and reports whether that created the item. If
// condition is false, the error has the kind Precondition.
func (s *Store) Put(ctx context.Context, id string, body json.RawMessage, condition Condition) (Item, bool, error) {
	item := Item{ID: id, Body: body, Revision: rand.Text()}
	statement, args := upsertStatement, []any{id, string(body), item.Revision}
	switch present := condition.MustExist || condition.Revisions != nil; {
	case present && condition.MustNotExist:
		return item, false, conditionFailed() // no state satisfies both
	case present:
		statement, args = replaceStatement, append(args, condition.Revisions, condition.NotRevisions)
	case condition.MustNotExist:
		statement = createStatement
	case condition.NotRevisions != nil:
		statement, args = differStatement, append(args, condition.NotRevisions)
	}
	var updated time.Time
	var created bool
	err := s.call(ctx, "writing an item", writeCall, func(ctx context.Context, conn *pgxpool.Conn) error {
		err := conn.QueryRow(ctx, statement, args...).Scan(&updated, &created)
		if errors.Is(err, pgx.ErrNoRows) {
			return conditionFailed()
		}
		return err
	})
	item.UpdatedAt = updated.UTC()
	return item, created, err
}

// All parts of a statement see the table as it was before the statement, but a locked row is read as it is once the lock is
// acquired, and is missing if it was deleted in between (PostgreSQL manual, 13.2.1, "Read Committed Isolation Level"). So the row
// is locked first, and the result is true while it is locked.
const deleteStatement = `
WITH present AS (SELECT id, NOT $4::boolean
AND ($2::text[] IS NULL OR revision = ANY ($2::text[])) AND ($3::text[] IS NULL OR revision <> ALL ($3::text[])) AS meant
FROM items WHERE id = $1 FOR UPDATE),
gone AS (DELETE FROM items USING present WHERE items.id = present.id AND meant RETURNING items.id)
SELECT EXISTS (SELECT FROM gone), EXISTS (SELECT FROM present)`

// Delete removes the item id if condition is true; a missing item is an error of kind NotFound, whatever the condition (RFC 9110,
// 13.2.1).
func (s *Store) Delete(ctx context.Context, id string, condition Condition) error {
	return s.call(ctx, "deleting an item", writeCall, func(ctx context.Context, conn *pgxpool.Conn) error {
		var gone, existed bool
		row := conn.QueryRow(ctx, deleteStatement, id, condition.Revisions, condition.NotRevisions, condition.MustNotExist)
		if err := row.Scan(&gone, &existed); err != nil {
			return err
		}
		switch {
		case gone:
			return nil
		case existed:
			return conditionFailed()
		default:
			return itemNotFound(nil)
		}
	})
}

func conditionFailed() error {
	return fault.New(fault.Precondition, "the item is not in the state that the request's condition names")
}
