package restapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// mock runs a MOCK integration: the request template sets a status code, whose response sets headers and body.
// Templates are not executed; only their $context and $stageVariables are expanded.
func (x *exchange) mock() *gatewayError {
	i := x.operation.Integration
	var request struct {
		StatusCode status `json:"statusCode"`
	}
	template := x.expand(i.Templates["application/json"], "")
	if err := json.Unmarshal([]byte(template), &request); err != nil {
		x.integrationError = fmt.Sprintf("mock request template: %v", err)
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	response, ok := i.Responses[fmt.Sprint(int(request.StatusCode))]
	if !ok {
		if response, ok = i.Responses["default"]; !ok {
			x.integrationError = fmt.Sprintf("mock integration has no response for status %d and no default", request.StatusCode)
			return newGatewayError(apiConfigurationError, "Internal server error")
		}
	}
	output := proxyResponse{status: int(response.StatusCode), headers: http.Header{}}
	for target, source := range response.Parameters {
		if name, ok := strings.CutPrefix(target, "method.response.header."); ok {
			output.headers.Set(name, x.mapped(source))
		}
	}
	if err := output.check(); err != nil {
		x.integrationError = "mock integration: " + err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	x.write(output, []byte(x.expand(response.Templates["application/json"], "")))
	return nil
}
