package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/fault"
)

// Get reads an item. A missing one is an error of kind NotFound.
func (s *Store) Get(ctx context.Context, id string) (Item, error) {
	item := Item{ID: id}
	err := s.call(ctx, "reading an item", readCall, func(ctx context.Context, conn *pgxpool.Conn) error {
		row := conn.QueryRow(ctx, `SELECT body::text, revision, updated_at FROM items WHERE id = $1`, id)
		return scan(row, &item)
	})
	return item, err
}

func scan(row pgx.Row, item *Item) error {
	var body []byte
	err := row.Scan(&body, &item.Revision, &item.UpdatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return itemNotFound(err)
	}
	item.Body, item.UpdatedAt = body, item.UpdatedAt.UTC()
	return err
}

func itemNotFound(cause error) error {
	return &fault.Error{Kind: fault.NotFound, Detail: "there is no such item", Cause: cause}
}

// The page is cut in the database, so that rows over the byte budget are not sent at all; its first row is always included. Rows
// are measured ten at a time, until one is over the budget: the length of a body is only known once it has been read and
// decompressed, and a hundred of them would be more than a sort or a CTE holds in memory. Before the last line, body is the
// stored value, for a long one the address of its chunks (PostgreSQL manual, "TOAST").
const pageStatement = `
WITH RECURSIVE page AS (
  SELECT $1::text COLLATE "C" AS id, NULL::json AS body, NULL::text AS revision, NULL::timestamptz AS updated_at,
    0::bigint AS place, 0::bigint AS bytes
  UNION ALL
  SELECT next.id, next.body, next.revision, next.updated_at, place + n, bytes + size
  FROM page, LATERAL (
    SELECT *, row_number() OVER before AS n, sum(octet_length(body::text)) OVER before AS size
    FROM (SELECT id, body, revision, updated_at FROM items WHERE id > page.id ORDER BY id LIMIT least(10, $2::bigint)) AS batch
    WINDOW before AS (ORDER BY id)
  ) AS next
  WHERE place % 10 = 0 AND place + n <= $2::bigint AND (place + n = 1 OR bytes + size <= $3::bigint)
)
SELECT id, body::text, revision, updated_at,
  (SELECT id FROM items WHERE id > (SELECT max(id) FROM page) ORDER BY id LIMIT 1) IS NOT NULL
FROM (SELECT * FROM page WHERE place > 0 ORDER BY place LIMIT $2::bigint) AS page`

// List reads at most limit items with ids after the given one, fewer if their bodies have more than maxBytes together.
func (s *Store) List(ctx context.Context, after string, limit, maxBytes int) (Page, error) {
	var page Page
	err := s.call(ctx, "listing items", readCall, func(ctx context.Context, conn *pgxpool.Conn) error {
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
