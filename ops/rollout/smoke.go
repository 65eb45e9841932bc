package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// smokeRequest is GET /health/details as API Gateway would send it.
const smokeRequest = `{"resource":"/health/details","path":"/health/details","httpMethod":"GET","requestContext":{"requestId":"rollout","stage":"rollout"}}`

// smoke asks the version itself, past the alias, how it is: its code starts, and it reaches
// everything that it needs.
func (r *Rollout) smoke(ctx context.Context) error {
	answered, err := r.Lambda.Invoke(ctx, &lambda.InvokeInput{
		FunctionName: &r.Function, Qualifier: &r.Version, Payload: []byte(smokeRequest),
	})
	if err != nil {
		return fmt.Errorf("invoke it: %w", err)
	}
	if answered.FunctionError != nil {
		return fmt.Errorf("its health check fails: %s: %s", *answered.FunctionError, answered.Payload)
	}
	var health struct {
		StatusCode int    `json:"statusCode"`
		Body       string `json:"body"`
	}
	if err := json.Unmarshal(answered.Payload, &health); err != nil {
		return fmt.Errorf("its health check answers %q: %w", answered.Payload, err)
	}
	if health.StatusCode != http.StatusOK {
		return errors.New("its health check answers " + http.StatusText(health.StatusCode) + ": " + health.Body)
	}
	r.log("version %s is healthy", r.Version)
	return nil
}
