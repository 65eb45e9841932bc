package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/didomi/serverless-api/lambda/openapi"
)

// smoke invokes the version directly, not through the alias, with the requests that show that it is ready: its
// code starts, and it reaches all its dependencies.
func (r *Rollout) smoke(ctx context.Context) error {
	for _, request := range r.Readiness {
		if err := r.invoke(ctx, request); err != nil {
			return err
		}
	}
	r.log("version %s is healthy", r.Version)
	return nil
}

func (r *Rollout) invoke(ctx context.Context, request openapi.Request) error {
	payload, err := event(request)
	if err != nil {
		return err
	}
	response, err := r.Lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: &r.Function, Qualifier: &r.Version, Payload: payload})
	if err != nil {
		return fmt.Errorf("invoke it: %w", err)
	}
	if response.FunctionError != nil {
		return fmt.Errorf("its health check fails: %s: %s", *response.FunctionError, response.Payload)
	}
	var health struct {
		StatusCode int    `json:"statusCode"`
		Body       string `json:"body"`
	}
	if err := json.Unmarshal(response.Payload, &health); err != nil {
		return fmt.Errorf("its health check returns %q: %w", response.Payload, err)
	}
	if health.StatusCode != request.Status {
		return errors.New("its health check returns " + http.StatusText(health.StatusCode) + ": " + health.Body)
	}
	return nil
}

// event returns the request as API Gateway would send it.
func event(request openapi.Request) ([]byte, error) {
	payload, err := json.Marshal(map[string]any{
		"resource": request.Resource(), "path": request.Resource(), "httpMethod": request.Method(),
		"requestContext": map[string]string{"requestId": "rollout", "stage": "rollout"},
	})
	if err != nil {
		return nil, fmt.Errorf("the event of %s: %w", request.Route, err)
	}
	return payload, nil
}
