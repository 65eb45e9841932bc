package handler

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/store"
)

// Orders is where orders are; *store.Store is one.
type Orders interface {
	Order(ctx context.Context, id string) (store.Order, error)
	PutOrder(ctx context.Context, order store.Order) error
}

// maxOrderBytes bounds the body of an order.
const maxOrderBytes = 4 << 10

func (h *Handler) getOrder(ctx context.Context, r *request) (*response, error) {
	id, err := r.itemID(fault.NotFound)
	if err != nil {
		return nil, err
	}
	order, err := h.Orders.Order(ctx, id)
	if err != nil {
		return nil, err
	}
	return jsonResponse(http.StatusOK, order)
}

func (h *Handler) putOrder(ctx context.Context, r *request) (*response, error) {
	id, err := r.itemID(fault.Invalid)
	if err != nil {
		return nil, err
	}
	body, err := r.json(maxOrderBytes)
	if err != nil {
		return nil, err
	}
	var order store.Order
	if err := json.Unmarshal(body, &order); err != nil || order.Customer == "" || order.Cents < 0 {
		return nil, fault.New(fault.Invalid, "an order has a customer and a price of at least 0 cents")
	}
	order.ID = id
	if err := h.Orders.PutOrder(ctx, order); err != nil {
		return nil, err
	}
	return jsonResponse(http.StatusOK, order)
}
