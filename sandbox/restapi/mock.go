package restapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// mock answers a MOCK integration: the request template gives a status code,
// and the response of that code its headers and body. Templates are not run,
// only their $context and $stageVariables filled in.
func (x *exchange) mock() *refusal {
	i := x.operation.Integration
	var request struct {
		StatusCode status `json:"statusCode"`
	}
	template := x.expand(i.Templates["application/json"], "")
	if err := json.Unmarshal([]byte(template), &request); err != nil {
		x.integrationError = fmt.Sprintf("mock request template: %v", err)
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	response, ok := i.Responses[fmt.Sprint(int(request.StatusCode))]
	if !ok {
		if response, ok = i.Responses["default"]; !ok {
			x.integrationError = fmt.Sprintf("mock integration has no response for status %d and no default", request.StatusCode)
			return newRefusal(apiConfigurationError, "Internal server error")
		}
	}
	reply := proxyReply{status: int(response.StatusCode), headers: http.Header{}}
	for target, source := range response.Parameters {
		if name, ok := strings.CutPrefix(target, "method.response.header."); ok {
			reply.headers.Set(name, x.mapped(source))
		}
	}
	if err := reply.check(); err != nil {
		x.integrationError = "mock integration: " + err.Error()
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	x.write(reply, []byte(x.expand(response.Templates["application/json"], "")))
	return nil
}
