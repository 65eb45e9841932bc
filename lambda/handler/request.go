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
	"github.com/didomi/serverless-api/lambda/steps"
)

// request is a parsed event of API Gateway.
type request struct {
	id       string // of API Gateway, otherwise of the invocation
	caller   string // who made it; empty without authentication
	method   string
	resource string
	header   header
	query    parameters
	path     parameters // percent-encoded
	rawPath  string     // the path as sent, with the base path and without the stage
	started  time.Time
	steps    *steps.Recorder

	rawBody  string
	isBase64 bool
}

// field is a header or a parameter with all its values.
type field struct {
	name   string
	values []string
}

// header and parameters are searched linearly for the few that are used: building maps of all that a browser sends took
// a tenth of a cache hit's time.
type (
	header     []field
	parameters []field
)

// Values returns the values of a header; names are case-insensitive.
func (h header) Values(name string) (values []string) {
	for _, field := range h {
		switch {
		case len(field.name) != len(name) || !strings.EqualFold(field.name, name):
		case values == nil:
			values = field.values
		default:
			values = slices.Concat(values, field.values)
		}
	}
	return values
}

// Get returns the first value of a header, or "".
func (h header) Get(name string) string { return firstOf(h.Values(name)) }

// Get returns the first value of a parameter, or "".
func (p parameters) Get(name string) string {
	value, _ := p.Lookup(name)
	return value
}

// Lookup returns the first value of a parameter; ok is false if the request has none of that name.
func (p parameters) Lookup(name string) (value string, ok bool) {
	for _, field := range p {
		if field.name == name {
			return firstOf(field.values), true
		}
	}
	return "", false
}

func firstOf(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[0]
}

// newRequest converts an event. API Gateway sends every header and parameter twice, once with all values; an event from
// another source may have the single-value form only.
func newRequest(event events.APIGatewayProxyRequest) *request {
	principal, _ := event.RequestContext.Authorizer["principalId"].(string)
	return &request{
		id:       event.RequestContext.RequestID,
		caller:   callerOf(principal, event.RequestContext.Identity.Caller),
		method:   event.HTTPMethod,
		resource: event.Resource,
		header:   newFields(event.MultiValueHeaders, event.Headers),
		query:    newFields(event.MultiValueQueryStringParameters, event.QueryStringParameters),
		path:     newFields(nil, event.PathParameters),
		rawPath:  event.Path,
		rawBody:  event.Body,
		isBase64: event.IsBase64Encoded,
	}
}

// callerOf is the caller's id for the log: the one that the authorizer returned, or the unique id of the user or role
// that signed the request. The name of a role's session, after the colon, can be a person's.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
func callerOf(principal, signer string) string {
	if principal != "" {
		return principal
	}
	id, _, _ := strings.Cut(signer, ":")
	return id
}

func newFields(multi map[string][]string, plain map[string]string) (all []field) {
	for name, values := range multi {
		all = append(all, field{name, values})
	}
	if len(multi) > 0 {
		return all
	}
	for name, value := range plain {
		all = append(all, field{name, []string{value}})
	}
	return all
}

// start records when the request began, and sets its id if API Gateway did not.
func (r *request) start(ctx context.Context) {
	r.started = time.Now()
	if lambda, ok := lambdacontext.FromContext(ctx); ok && r.id == "" {
		r.id = lambda.AwsRequestID
	}
}

// parameter returns a decoded path parameter; "+" is a plus sign in a path. ok is false if it is not valid
// percent-encoding, or not all of what was sent.
func (r *request) parameter(name string) (value string, ok bool) {
	value, err := url.PathUnescape(r.path.Get(name))
	return value, err == nil && r.matchesPath()
}

// matchesPath reports whether the path that was sent ends in the resource's path with its parameters. API Gateway routes
// /files/x/ to the file x: trailing slashes are in the event's path, but in no parameter (recorded on AWS:
// localstack/localstack, test_apigateway_lambda.snapshot.json). An invocation without API Gateway has no path.
func (r *request) matchesPath() bool {
	if r.rawPath == "" {
		return true
	}
	own := ""
	for rest := r.resource; ; {
		literal, after, has := strings.Cut(rest, "{")
		own += literal
		if !has {
			return strings.HasSuffix(r.rawPath, own)
		}
		name, following, _ := strings.Cut(after, "}")
		own += r.path.Get(strings.TrimSuffix(name, "+"))
		rest = following
	}
}

// isStreaming reports whether the API defines the request's route as streaming.
func (r *request) isStreaming() bool {
	return r.resource == filesResource && (r.method == http.MethodGet || r.method == http.MethodHead)
}

// body returns the request's body, or an error if it has more than limit bytes.
func (r *request) body(limit int) ([]byte, error) {
	body := []byte(r.rawBody)
	if r.isBase64 {
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

// traceID returns the X-Ray trace id, which is the Root of the trace header, or "".
func (r *request) traceID(ctx context.Context) string {
	header, _ := ctx.Value("x-amzn-trace-id").(string)
	if header == "" {
		header = r.header.Get("X-Amzn-Trace-Id")
	}
	for field := range strings.SplitSeq(header, ";") {
		if id, ok := strings.CutPrefix(strings.TrimSpace(field), "Root="); ok && isTraceID(id) {
			return id
		}
	}
	return ""
}

// isTraceID reports whether text has the form of an X-Ray trace id, such as 1-58406520-a006649127e371903a2de979. Clients
// can send anything.
func isTraceID(text string) bool {
	const form = "1-xxxxxxxx-xxxxxxxxxxxxxxxxxxxxxxxx"
	if len(text) != len(form) {
		return false
	}
	for i := range len(form) {
		if form[i] == 'x' && strings.IndexByte("0123456789abcdef", text[i]) < 0 || form[i] != 'x' && form[i] != text[i] {
			return false
		}
	}
	return true
}
