package handler

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/aws/aws-lambda-go/events"
)

// Serve is Handle with decoded events and responses.
func (h *Handler) Serve(ctx context.Context, event events.APIGatewayProxyRequest) (any, error) {
	whole, stream := h.serve(ctx, newRequest(event))
	if stream != nil {
		return stream, nil
	}
	var resp events.APIGatewayProxyResponse
	err := json.Unmarshal(whole, &resp)
	return resp, err
}

// Routes returns the methods of every resource.
func (*Handler) Routes() map[string][]string {
	all := map[string][]string{}
	for resource, methods := range routes {
		all[resource] = slices.Sorted(maps.Keys(methods))
	}
	return all
}

// PathParameter returns the parameter of an event's path, if the resource matches the path.
func PathParameter(event events.APIGatewayProxyRequest, name string) (value string, ok bool) {
	return newRequest(event).parameter(name)
}
