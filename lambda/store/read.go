package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/fault"
)

// Get reads one item. A missing one is a fault of kind NotFound.
func (s *Store) Get(ctx context.Context, id string) (Item, error) {
	item := Item{ID: id}
	err := s.call(ctx, "reading an item", read, func(ctx context.Context, conn *pgxpool.Conn) error {
		row := conn.QueryRow(ctx, `SELECT body::text, revision, updated_at FROM items WHERE id = $1`, id)
		return scan(row, &item)
	})
	return item, err
}

func scan(row pgx.Row, item *Item) error {
	var body []byte
	err := row.Scan(&body, &item.Revision, &item.UpdatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return noSuchItem(err)
	}
	item.Body, item.UpdatedAt = body, item.UpdatedAt.UTC()
	return err
}

func noSuchItem(cause error) error {
	return &fault.Error{Kind: fault.NotFound, Detail: "there is no such item", Cause: cause}
}

// The page is cut in the database, so that rows over the budget of bytes are
// not sent at all; its first row comes however long it is.
const pageStatement = `
WITH page AS (
  SELECT id, body::text AS body, revision, updated_at FROM items WHERE id > $1 ORDER BY id LIMIT $2::int + 1
), sized AS (
  SELECT page.*, row_number() OVER before AS place, sum(octet_length(body)) OVER before AS bytes
  FROM page WINDOW before AS (ORDER BY id)
)
SELECT id, body, revision, updated_at, place < (SELECT count(*) FROM page)
FROM sized WHERE place = 1 OR place <= $2::int AND bytes <= $3::bigint ORDER BY id`

// List reads at most limit items with ids after the given one, fewer if their
// bodies together are over maxBytes.
func (s *Store) List(ctx context.Context, after string, limit, maxBytes int) (Page, error) {
	var page Page
	err := s.call(ctx, "listing items", read, func(ctx context.Context, conn *pgxpool.Conn) error {
		page = Page{}
		rows, err := conn.Query(ctx, pageStatement, after, limit, maxBytes)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var item Item
			var body []byte
			if err := rows.Scan(&item.ID, &body, &item.Revision, &item.UpdatedAt, &page.More); err != nil {
				return err
			}
			item.Body, item.UpdatedAt = body, item.UpdatedAt.UTC()
			page.Items = append(page.Items, item)
		}
		return rows.Err()
	})
	return page, err
}
