package authorize

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/didomi/serverless-api/lambda/contract"
)

// Handler is the function.
type Handler struct {
	Verifier   *Verifier
	Operations Operations
	Log        *slog.Logger
}

// Request is what the function reads of an authorizer's event of type REQUEST.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-lambda-authorizer-input.html
type Request struct {
	MethodARN      string              `json:"methodArn"`
	Headers        map[string][]string `json:"multiValueHeaders"`
	RequestContext struct {
		RequestID string `json:"requestId"`
	} `json:"requestContext"`
}

// errUnauthorized has the message that API Gateway turns into its response UNAUTHORIZED, 401. Any other one is
// AUTHORIZER_FAILURE, 500.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-use-lambda-authorizer.html
var errUnauthorized = errors.New("Unauthorized")

// Handle returns what the token of a request may call. The log has a line for each token that is not accepted, with the
// reason and without the token.
func (h *Handler) Handle(ctx context.Context, request Request) (Result, error) {
	stage, err := stageOf(request.MethodARN)
	if err != nil {
		return Result{}, err
	}
	caller, err := h.authenticate(ctx, request.Headers)
	var refusal *Refusal
	switch {
	case errors.As(err, &refusal):
		h.Log.WarnContext(ctx, "token not accepted",
			contract.LogRequestID, request.RequestContext.RequestID, "reason", string(refusal.Reason), "detail", refusal.Detail)
		return Result{}, errUnauthorized
	case err != nil:
		return Result{}, fmt.Errorf("checking a token: %w", err)
	}
	result := h.Operations.result(h.Verifier.Issuer, caller, stage)
	h.Log.InfoContext(ctx, "token accepted",
		contract.LogRequestID, request.RequestContext.RequestID, contract.LogCaller, result.PrincipalID)
	return result, nil
}

func (h *Handler) authenticate(ctx context.Context, headers map[string][]string) (Caller, error) {
	token, err := bearer(headers)
	if err != nil {
		return Caller{}, err
	}
	return h.Verifier.Verify(ctx, token)
}

// bearer is the token of the only Authorization header (RFC 6750, 2.1). A second one is rejected: which of them API
// Gateway caches the result by is not documented.
func bearer(headers map[string][]string) (string, error) {
	var values []string
	for name, all := range headers {
		if strings.EqualFold(name, "Authorization") {
			values = append(values, all...)
		}
	}
	if len(values) != 1 {
		return "", refuse(Malformed, fmt.Sprintf("the request has %d Authorization headers", len(values)))
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	if token = strings.TrimLeft(token, " "); !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", refuse(Malformed, "the Authorization header is not Bearer and a token")
	}
	return token, nil
}
