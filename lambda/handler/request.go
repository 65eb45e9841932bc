package handler

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/didomi/serverless-api/lambda/fault"
)

// request is an event of API Gateway, read.
type request struct {
	id       string // of API Gateway; of the invocation if it has none
	method   string
	resource string
	header   http.Header
	query    url.Values
	path     map[string]string // parameters, decoded
	began    time.Time

	rawBody string
	encoded bool
}

// newRequest reads an event. API Gateway sends every header and parameter
// twice, once with all its values; what somebody sends by hand may have the
// plain form only.
func newRequest(ctx context.Context, event events.APIGatewayProxyRequest) *request {
	r := &request{
		id:       event.RequestContext.RequestID,
		method:   event.HTTPMethod,
		resource: event.Resource,
		header:   make(http.Header, len(event.MultiValueHeaders)),
		query:    url.Values{},
		path:     make(map[string]string, len(event.PathParameters)),
		began:    time.Now(),
		rawBody:  event.Body,
		encoded:  event.IsBase64Encoded,
	}
	for name, values := range event.MultiValueHeaders {
		name = http.CanonicalHeaderKey(name)
		if before := r.header[name]; len(before) > 0 { // in another case of letters
			values = slices.Concat(before, values)
		}
		r.header[name] = values
	}
	for name, value := range event.Headers {
		if len(event.MultiValueHeaders[name]) > 0 {
			continue
		}
		if name = http.CanonicalHeaderKey(name); len(r.header[name]) == 0 {
			r.header[name] = []string{value}
		}
	}
	for name, values := range event.MultiValueQueryStringParameters {
		r.query[name] = values
	}
	for name, value := range event.QueryStringParameters {
		if !r.query.Has(name) {
			r.query.Set(name, value)
		}
	}
	if lambda, ok := lambdacontext.FromContext(ctx); ok && r.id == "" {
		r.id = lambda.AwsRequestID
	}
	for name, value := range event.PathParameters {
		r.path[name] = decodePath(value)
	}
	return r
}

// decodePath undoes percent-encoding; "+" is a plus sign in a path. What is
// not percent-encoded rightly is taken as it is.
func decodePath(value string) string {
	decoded, err := url.PathUnescape(value)
	if err != nil {
		return value
	}
	return decoded
}

// streams reports whether the API defines the request's route as streaming.
func (r *request) streams() bool {
	return r.resource == filesResource && (r.method == http.MethodGet || r.method == http.MethodHead)
}

// body returns the request's body, at most limit bytes of it.
func (r *request) body(limit int) ([]byte, error) {
	body := []byte(r.rawBody)
	if r.encoded {
		var err error
		if body, err = base64.StdEncoding.DecodeString(r.rawBody); err != nil {
			return nil, &fault.Error{Kind: fault.Malformed, Detail: "the body is not base64", Cause: err}
		}
	}
	if len(body) > limit {
		return nil, fault.New(fault.TooLarge, "the body has %d bytes, allowed are %d", len(body), limit)
	}
	return body, nil
}

// trace returns the id of the trace of X-Ray, the Root of its header; empty
// if there is none.
func (r *request) trace(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string)
	if header == "" {
		header = r.header.Get("X-Amzn-Trace-Id")
	}
	for field := range strings.SplitSeq(header, ";") {
		if id, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok {
			return id
		}
	}
	return ""
}
