package restapi

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// kind is a gateway response type with API Gateway's default (developer guide, "Gateway response types for API Gateway").
type kind struct {
	name      string
	status    int
	errorType string // the header x-amzn-errortype
}

var (
	accessDenied                 = kind{"ACCESS_DENIED", http.StatusForbidden, "AccessDeniedException"}
	apiConfigurationError        = kind{"API_CONFIGURATION_ERROR", http.StatusInternalServerError, "InternalServerErrorException"}
	authorizerConfigurationError = kind{"AUTHORIZER_CONFIGURATION_ERROR", http.StatusInternalServerError, "AuthorizerConfigurationException"}
	authorizerFailure            = kind{"AUTHORIZER_FAILURE", http.StatusInternalServerError, "AuthorizerConfigurationException"}
	badRequestBody               = kind{"BAD_REQUEST_BODY", http.StatusBadRequest, "BadRequestException"}
	badRequestParameters         = kind{"BAD_REQUEST_PARAMETERS", http.StatusBadRequest, "BadRequestException"}
	expiredToken                 = kind{"EXPIRED_TOKEN", http.StatusForbidden, "ExpiredTokenException"}
	// An incomplete signature and an unknown access key have no type of their own.
	incompleteSignature        = kind{"DEFAULT_4XX", http.StatusForbidden, "IncompleteSignatureException"}
	unrecognizedClient         = kind{"DEFAULT_4XX", http.StatusForbidden, "UnrecognizedClientException"}
	integrationFailure         = kind{"INTEGRATION_FAILURE", http.StatusBadGateway, "InternalServerErrorException"}
	integrationTimeout         = kind{"INTEGRATION_TIMEOUT", http.StatusGatewayTimeout, "InternalServerErrorException"}
	invalidSignature           = kind{"INVALID_SIGNATURE", http.StatusForbidden, "InvalidSignatureException"}
	unauthorized               = kind{"UNAUTHORIZED", http.StatusUnauthorized, "UnauthorizedException"}
	invalidAPIKey              = kind{"INVALID_API_KEY", http.StatusForbidden, "ForbiddenException"}
	missingAuthenticationToken = kind{"MISSING_AUTHENTICATION_TOKEN", http.StatusForbidden, "MissingAuthenticationTokenException"}
	quotaExceeded              = kind{"QUOTA_EXCEEDED", http.StatusTooManyRequests, "LimitExceededException"}
	requestTooLarge            = kind{"REQUEST_TOO_LARGE", http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException"}
	tooManyRequests            = kind{"THROTTLED", http.StatusTooManyRequests, "TooManyRequestsException"}
	// forbidden applies before the stage is known, so no document can change it.
	forbidden = kind{"", http.StatusForbidden, "ForbiddenException"}
)

// gatewayError is a response that API Gateway generates itself.
type gatewayError struct {
	kind       kind
	status     int    // replaces the kind's, unless the document sets another
	message    string // $context.error.message
	validation string // $context.error.validationErrorString
	null       bool   // $context.error.messageString is null
}

func newGatewayError(k kind, message string) *gatewayError {
	return &gatewayError{kind: k, status: k.status, message: message}
}

// gatewayResponse is an entry of x-amazon-apigateway-gateway-responses.
type gatewayResponse struct {
	StatusCode status            `json:"statusCode"`
	Parameters map[string]string `json:"responseParameters"`
	Templates  map[string]string `json:"responseTemplates"`
}

// status is a status code, encoded as a number or a string; zero: none.
type status int

// UnmarshalJSON implements json.Unmarshaler.
func (s *status) UnmarshalJSON(b []byte) error {
	text := strings.Trim(string(b), `"`)
	if text == "null" || text == "" {
		return nil
	}
	n, err := strconv.Atoi(text)
	*s = status(n)
	return err
}

// defaultTemplate is the body of a gateway response without a template.
const defaultTemplate = `{"message":$context.error.messageString}`

// deniedTemplate is that of ACCESS_DENIED, as measured on AWS:
// https://dev.to/marcogrcr/api-gateway-lambda-authorizer-lambda-proxy-integration-failure-modes-52bc
const deniedTemplate = `{"Message":$context.error.messageString}`

// respondWithError writes the document's gateway response for the error, else the document's default for its class,
// else API Gateway's.
func (x *exchange) respondWithError(r *gatewayError) {
	x.gatewayError = r
	response := x.gatewayResponse(r)
	code := r.status
	if response.StatusCode != 0 {
		code = int(response.StatusCode)
	}
	mediaType, template := response.template()
	if r.kind == accessDenied && len(response.Templates) == 0 {
		template = deniedTemplate
	}
	h := x.response.Header()
	h.Set("Content-Type", mediaType)
	h.Set("X-Amzn-Errortype", r.kind.errorType)
	for target, source := range response.Parameters {
		name, ok := strings.CutPrefix(target, "gatewayresponse.header.")
		if value := x.mapped(source); ok && value != "" {
			h.Set(name, value)
		}
	}
	x.response.status = code // for $context.status in body and log
	body := x.expand(template, "")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.response.WriteHeader(code)
	if x.request.Method != http.MethodHead {
		_, _ = x.response.Write([]byte(body)) // the client may have disconnected
	}
}

func (x *exchange) gatewayResponse(r *gatewayError) gatewayResponse {
	if x.document == nil || r.kind.name == "" {
		return gatewayResponse{}
	}
	if response, ok := x.document.spec.Responses[r.kind.name]; ok {
		return response
	}
	if r.status >= http.StatusInternalServerError {
		return x.document.spec.Responses["DEFAULT_5XX"]
	}
	return x.document.spec.Responses["DEFAULT_4XX"]
}

// template returns the body's media type and template, JSON if there is one.
func (g gatewayResponse) template() (mediaType, template string) {
	if len(g.Templates) == 0 {
		return "application/json", defaultTemplate
	}
	if t, ok := g.Templates["application/json"]; ok {
		return "application/json", t
	}
	first := slices.Min(slices.Collect(maps.Keys(g.Templates)))
	return first, g.Templates[first]
}

// mapped evaluates a response parameter: 'static', context.x, stageVariables.x or method.request.header.x (also
// querystring and path).
func (x *exchange) mapped(source string) string {
	if static, ok := strings.CutPrefix(source, "'"); ok {
		return strings.TrimSuffix(static, "'")
	}
	if name, ok := strings.CutPrefix(source, "context."); ok {
		return x.variable(name)
	}
	if name, ok := strings.CutPrefix(source, "stageVariables."); ok {
		return x.stage.Variables[name]
	}
	if name, ok := strings.CutPrefix(source, "method.request.header."); ok {
		return x.request.Header.Get(name)
	}
	if name, ok := strings.CutPrefix(source, "method.request.path."); ok {
		return x.params[name]
	}
	if name, ok := strings.CutPrefix(source, "method.request.querystring."); ok {
		return lastValues(parseQuery(x.request.URL.RawQuery))[name]
	}
	return ""
}
