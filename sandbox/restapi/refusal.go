package restapi

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// kind is a gateway response type with what API Gateway answers by default
// (developer guide, "Gateway response types for API Gateway").
type kind struct {
	name      string
	status    int
	errorType string // the header x-amzn-errortype
}

var (
	apiConfigurationError      = kind{"API_CONFIGURATION_ERROR", http.StatusInternalServerError, "InternalServerErrorException"}
	badRequestBody             = kind{"BAD_REQUEST_BODY", http.StatusBadRequest, "BadRequestException"}
	badRequestParameters       = kind{"BAD_REQUEST_PARAMETERS", http.StatusBadRequest, "BadRequestException"}
	integrationFailure         = kind{"INTEGRATION_FAILURE", http.StatusBadGateway, "InternalServerErrorException"}
	integrationTimeout         = kind{"INTEGRATION_TIMEOUT", http.StatusGatewayTimeout, "InternalServerErrorException"}
	invalidAPIKey              = kind{"INVALID_API_KEY", http.StatusForbidden, "ForbiddenException"}
	missingAuthenticationToken = kind{"MISSING_AUTHENTICATION_TOKEN", http.StatusForbidden, "MissingAuthenticationTokenException"}
	quotaExceeded              = kind{"QUOTA_EXCEEDED", http.StatusTooManyRequests, "LimitExceededException"}
	requestTooLarge            = kind{"REQUEST_TOO_LARGE", http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException"}
	tooManyRequests            = kind{"THROTTLED", http.StatusTooManyRequests, "TooManyRequestsException"}
	// forbidden is answered before a stage is known; no document can change it.
	forbidden = kind{"", http.StatusForbidden, "ForbiddenException"}
)

// refusal is an answer of the gateway's own.
type refusal struct {
	kind       kind
	status     int    // instead of the kind's, unless the document says another
	message    string // $context.error.message
	validation string // $context.error.validationErrorString
}

func newRefusal(k kind, message string) *refusal {
	return &refusal{kind: k, status: k.status, message: message}
}

// gatewayResponse is an entry of x-amazon-apigateway-gateway-responses.
type gatewayResponse struct {
	StatusCode status            `json:"statusCode"`
	Parameters map[string]string `json:"responseParameters"`
	Templates  map[string]string `json:"responseTemplates"`
}

// status is a status code, written as a number or as a string; zero: none.
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

// refuse answers with the document's gateway response for the refusal, else
// with the document's default for its class, else with the platform's.
func (x *exchange) refuse(r *refusal) {
	x.refusal = r
	response := x.gatewayResponse(r)
	code := r.status
	if response.StatusCode != 0 {
		code = int(response.StatusCode)
	}
	mediaType, template := response.template()
	h := x.answer.Header()
	h.Set("Content-Type", mediaType)
	h.Set("X-Amzn-Errortype", r.kind.errorType)
	for target, source := range response.Parameters {
		name, ok := strings.CutPrefix(target, "gatewayresponse.header.")
		if value := x.mapped(source); ok && value != "" {
			h.Set(name, value)
		}
	}
	x.answer.status = code // known to the body's and the log's $context.status
	body := x.expand(template, "")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.answer.WriteHeader(code)
	if x.request.Method != http.MethodHead {
		_, _ = x.answer.Write([]byte(body)) // a client that has left needs no answer
	}
}

func (x *exchange) gatewayResponse(r *refusal) gatewayResponse {
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

// template is the body's media type and template: JSON when there is one.
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

// mapped is the value of a response parameter: 'static', context.x,
// stageVariables.x or method.request.header.x (and querystring, path).
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
		return lasts(parseQuery(x.request.URL.RawQuery))[name]
	}
	return ""
}
