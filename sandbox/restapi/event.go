package restapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// proxyEvent is the event of a Lambda proxy integration. Members without a value are null, as in events recorded on AWS.
type proxyEvent struct {
	Resource          string              `json:"resource"`
	Path              string              `json:"path"`
	Method            string              `json:"httpMethod"`
	Headers           map[string]string   `json:"headers"`
	MultiValueHeaders map[string][]string `json:"multiValueHeaders"`
	Query             map[string]string   `json:"queryStringParameters"`
	MultiValueQuery   map[string][]string `json:"multiValueQueryStringParameters"`
	PathParameters    map[string]string   `json:"pathParameters"`
	StageVariables    map[string]string   `json:"stageVariables"`
	Context           eventContext        `json:"requestContext"`
	Body              *string             `json:"body"`
	Base64            bool                `json:"isBase64Encoded"`
}

type eventContext struct {
	AccountID         string         `json:"accountId"`
	APIID             string         `json:"apiId"`
	DeploymentID      string         `json:"deploymentId"`
	DomainName        string         `json:"domainName"`
	DomainPrefix      string         `json:"domainPrefix"`
	ExtendedRequestID string         `json:"extendedRequestId"`
	Method            string         `json:"httpMethod"`
	Authorizer        map[string]any `json:"authorizer,omitempty"`
	Identity          eventIdentity  `json:"identity"`
	OperationName     string         `json:"operationName,omitempty"`
	Path              string         `json:"path"`
	Protocol          string         `json:"protocol"`
	RequestID         string         `json:"requestId"`
	RequestTime       string         `json:"requestTime"`
	RequestTimeEpoch  int64          `json:"requestTimeEpoch"`
	ResourceID        string         `json:"resourceId"`
	ResourcePath      string         `json:"resourcePath"`
	Stage             string         `json:"stage"`
}

// eventIdentity is the client. The members for signed requests are null unless the method has IAM authorization.
type eventIdentity struct {
	AccessKey       *string `json:"accessKey"`
	AccountID       *string `json:"accountId"`
	APIKey          string  `json:"apiKey,omitempty"`
	APIKeyID        string  `json:"apiKeyId,omitempty"`
	Caller          *string `json:"caller"`
	CognitoProvider *string `json:"cognitoAuthenticationProvider"`
	CognitoType     *string `json:"cognitoAuthenticationType"`
	CognitoIdentity *string `json:"cognitoIdentityId"`
	CognitoPool     *string `json:"cognitoIdentityPoolId"`
	PrincipalOrg    *string `json:"principalOrgId"`
	SourceIP        string  `json:"sourceIp"`
	User            *string `json:"user"`
	UserAgent       *string `json:"userAgent"`
	UserARN         *string `json:"userArn"`
}

// requestEvent is the request without its body.
func (x *exchange) requestEvent(headers http.Header, query map[string][]string) proxyEvent {
	e := proxyEvent{
		Resource: x.resource.path, Path: x.path, Method: x.request.Method,
		Headers: lastValues(headers), MultiValueHeaders: headers,
		Query: lastValues(query), MultiValueQuery: query,
		Context: x.eventContext(),
	}
	if len(x.params) > 0 {
		e.PathParameters = x.params
	}
	if len(x.stage.Variables) > 0 {
		e.StageVariables = x.stage.Variables
	}
	return e
}

// event returns the request as the function's event.
func (x *exchange) event() ([]byte, error) {
	headers := x.eventHeaders()
	query := parseQuery(x.request.URL.RawQuery)
	e := x.requestEvent(headers, query)
	if len(x.body) > 0 {
		text := string(x.body)
		if e.Base64 = x.document.binary(x.request.Header.Get("Content-Type")); e.Base64 {
			text = base64.StdEncoding.EncodeToString(x.body)
		}
		e.Body = &text
	}
	payload, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("proxy event: %w", err)
	}
	return payload, nil
}

func (x *exchange) eventContext() eventContext {
	prefix, _, _ := strings.Cut(x.domain, ".")
	identity := eventIdentity{SourceIP: x.sourceIP}
	if agent := x.request.UserAgent(); agent != "" {
		identity.UserAgent = &agent
	}
	if c := x.caller; c != nil {
		identity.AccessKey, identity.AccountID, identity.Caller, identity.User, identity.UserARN = &c.AccessKeyID, &c.AccountID, &c.ID, &c.ID, &c.ARN
	}
	if x.key != nil {
		identity.APIKey, identity.APIKeyID = x.key.Value, x.key.ID
	}
	return eventContext{
		AccountID: x.stage.AccountID, APIID: x.stage.APIID, DeploymentID: x.stage.DeploymentID,
		DomainName: x.domain, DomainPrefix: prefix, ExtendedRequestID: x.extendedID,
		Authorizer: x.authorizerContext(),
		Method:     x.request.Method, Identity: identity, OperationName: x.operation.OperationID,
		Path: x.contextPath, Protocol: x.request.Proto, RequestID: x.requestID,
		RequestTime: requestTime(x.start), RequestTimeEpoch: x.start.UnixMilli(),
		ResourceID: x.resource.id, ResourcePath: x.resource.path, Stage: x.stage.Name,
	}
}

// requestTime formats the time as in the common log format.
func requestTime(t time.Time) string { return t.UTC().Format("02/Jan/2006:15:04:05 -0700") }

// connectionHeaders concern only the connection and are not in the event.
var connectionHeaders = []string{
	"Connection", "Content-Length", "Expect", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
}

// eventHeaders returns the request's headers with those that API Gateway adds. Their names are in canonical form, because
// net/http does not keep the client's spelling.
func (x *exchange) eventHeaders() http.Header {
	h := x.request.Header.Clone()
	for _, name := range connectionHeaders {
		h.Del(name)
	}
	if x.operation.authorization.kind == AuthorizationIAM {
		h.Del("Authorization") // https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
	}
	forwarded := x.sourceIP
	if earlier := h.Get("X-Forwarded-For"); earlier != "" {
		forwarded = earlier + ", " + forwarded
	}
	h.Set("Host", x.domain)
	h.Set("X-Forwarded-For", forwarded)
	h.Set("X-Forwarded-Port", "443")
	h.Set("X-Forwarded-Proto", "https")
	h.Set("X-Amzn-Trace-Id", x.traceID)
	return h
}

// lastValues keeps the last value of every name; nil stays nil.
func lastValues(values map[string][]string) map[string]string {
	if values == nil {
		return nil
	}
	single := make(map[string]string, len(values))
	for name, all := range values {
		if len(all) > 0 {
			single[name] = all[len(all)-1]
		}
	}
	return single
}

// parseQuery decodes the query; it returns nil if there is none. A pair with invalid encoding is kept as received.
func parseQuery(raw string) map[string][]string {
	var values map[string][]string
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if values == nil {
			values = map[string][]string{}
		}
		name = unescaped(name)
		values[name] = append(values[name], unescaped(value))
	}
	return values
}

func unescaped(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	return s
}

// binary reports whether the API treats a body of the media type as binary.
func (d *document) binary(contentType string) bool {
	mediaType, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		mediaType = strings.ToLower(strings.TrimSpace(contentType))
	}
	kind, _, _ := strings.Cut(mediaType, "/")
	for _, t := range d.spec.BinaryTypes {
		if t == "*/*" || strings.EqualFold(t, mediaType) || strings.EqualFold(t, kind+"/*") {
			return true
		}
	}
	return false
}
