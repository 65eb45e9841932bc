package client

import (
	"context"
	"encoding/json"
	"net/http"
)

// Order reads an order.
func (c *Client) Order(ctx context.Context, id string) (order json.RawMessage, err error) {
	response, err := c.api.GetOrder(ctx, id)
	_, err = decode(response, err, &order, http.StatusOK)
	return order, err
}
