package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/fault"
)

// Order is what a customer has ordered, with its price.
type Order struct {
	ID       string `json:"id"`
	Customer string `json:"customer"`
	Cents    int64  `json:"cents"`
}

// Order reads one order. A missing one is a fault of kind NotFound.
func (s *Store) Order(ctx context.Context, id string) (Order, error) {
	order := Order{ID: id}
	err := s.call(ctx, "reading an order", readCall, func(ctx context.Context, conn *pgxpool.Conn) error {
		err := conn.QueryRow(ctx, `SELECT customer, cents FROM orders WHERE id = $1`, id).Scan(&order.Customer, &order.Cents)
		if errors.Is(err, pgx.ErrNoRows) {
			return fault.New(fault.NotFound, "there is no such order")
		}
		return err
	})
	return order, err
}

// PutOrder creates or replaces an order.
func (s *Store) PutOrder(ctx context.Context, order Order) error {
	return s.call(ctx, "writing an order", writeCall, func(ctx context.Context, conn *pgxpool.Conn) error {
		_, err := conn.Exec(ctx, `INSERT INTO orders (id, customer, cents) VALUES ($1, $2, $3)
ON CONFLICT (id) DO UPDATE SET customer = $2, cents = $3`, order.ID, order.Customer, order.Cents)
		return err
	})
}
