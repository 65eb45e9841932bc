package client

import (
	"context"
	"net/http"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// Health returns whether every dependency of the API works; it needs no authentication. It is not repeated: "down" is
// an answer, not an error.
func (c *Client) Health(ctx context.Context) (health api.Health, err error) {
	response, err := c.api.Health(transport.WithoutRetries(ctx), nil)
	_, err = decode(response, err, &health, http.StatusOK, http.StatusServiceUnavailable)
	return health, err
}

// HealthDetails returns the state of each dependency.
func (c *Client) HealthDetails(ctx context.Context) (details api.HealthDetails, err error) {
	response, err := c.api.HealthDetails(transport.WithoutRetries(ctx), nil)
	_, err = decode(response, err, &details, http.StatusOK, http.StatusServiceUnavailable)
	return details, err
}
