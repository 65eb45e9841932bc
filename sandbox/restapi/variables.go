package restapi

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// reference is a variable in an access log format or a response template.
var reference = regexp.MustCompile(`\$(context|stageVariables)\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)`)

// expand replaces the variables in a template; absent replaces variables without a value.
func (x *exchange) expand(template, absent string) string {
	return reference.ReplaceAllStringFunc(template, func(match string) string {
		groups := reference.FindStringSubmatch(match)
		value := ""
		if groups[1] == "context" {
			value = x.variable(groups[2])
		} else {
			value = x.stage.Variables[groups[2]]
		}
		if value == "" {
			return absent
		}
		return value
	})
}

// variable returns the value of $context.<name>, or "" (developer guide, "Variables for access logging for API Gateway").
func (x *exchange) variable(name string) string {
	switch {
	case strings.HasPrefix(name, "auth"):
		return x.authorizationVariable(name)
	case strings.HasPrefix(name, "error."):
		return x.errorVariable(name)
	case strings.HasPrefix(name, "identity."):
		return x.identityVariable(name)
	case strings.HasPrefix(name, "integration"):
		return x.integrationVariable(name)
	case strings.HasPrefix(name, "re"):
		return x.requestVariable(name)
	}
	switch name {
	case "extendedRequestId":
		return x.extendedID
	case "httpMethod":
		return x.request.Method
	case "path":
		return x.contextPath
	case "protocol":
		return x.request.Proto
	case "status":
		return number(x.response.status)
	case "xrayTraceId":
		return x.traceID
	case "awsEndpointRequestId":
		return x.integrationRequestID
	}
	return x.stageVariable(name)
}

// stageVariable has the variables that are equal for all requests of a stage.
func (x *exchange) stageVariable(name string) string {
	switch name {
	case "accountId":
		return x.stage.AccountID
	case "apiId":
		return x.stage.APIID
	case "stage":
		return x.stage.Name
	case "deploymentId":
		return x.stage.DeploymentID
	case "domainName":
		return x.domain
	case "domainPrefix":
		prefix, _, _ := strings.Cut(x.domain, ".")
		return prefix
	}
	return ""
}

// requestVariable has the variables whose names begin with "re".
func (x *exchange) requestVariable(name string) string {
	switch name {
	case "requestId":
		return x.requestID
	case "requestTime":
		return requestTime(x.start)
	case "requestTimeEpoch":
		return strconv.FormatInt(x.start.UnixMilli(), 10)
	case "responseLatency":
		return strconv.FormatInt(time.Since(x.start).Milliseconds(), 10)
	case "responseLength":
		return strconv.FormatInt(x.response.length, 10)
	}
	if x.resource == nil {
		return ""
	}
	switch name {
	case "resourceId":
		return x.resource.id
	case "resourcePath":
		return x.resource.path
	}
	return ""
}

func (x *exchange) errorVariable(name string) string {
	if x.gatewayError == nil {
		return ""
	}
	switch name {
	case "error.message":
		if x.gatewayError.null {
			return ""
		}
		return x.gatewayError.message
	case "error.messageString":
		if x.gatewayError.null {
			return "null"
		}
		return quoted(x.gatewayError.message)
	case "error.responseType":
		return x.gatewayError.kind.name
	case "error.validationErrorString":
		return x.gatewayError.validation
	}
	return ""
}

// quoted encodes a JSON string, as in $context.error.messageString.
func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		return `""` // unreachable: a string always marshals
	}
	return string(b)
}

func (x *exchange) identityVariable(name string) string {
	switch name {
	case "identity.sourceIp":
		return x.sourceIP
	case "identity.userAgent":
		return x.request.UserAgent()
	}
	if c := x.caller; c != nil {
		switch name {
		case "identity.accountId":
			return c.AccountID
		case "identity.caller", "identity.user":
			return c.ID
		case "identity.userArn":
			return c.ARN
		}
	}
	if x.key == nil {
		return ""
	}
	switch name {
	case "identity.apiKey":
		return x.key.Value
	case "identity.apiKeyId":
		return x.key.ID
	}
	return ""
}

func (x *exchange) integrationVariable(name string) string {
	switch name {
	case "integration.error", "integrationErrorMessage":
		return x.integrationError
	case "integration.latency", "integrationLatency":
		if x.integrationStart.IsZero() {
			return ""
		}
		return strconv.FormatInt(x.integrationLatency.Milliseconds(), 10)
	case "integration.integrationStatus", "integrationStatus":
		return number(x.integrationStatus)
	case "integration.status":
		if x.integrationRequestID == "" {
			return ""
		}
		return "200" // of the Lambda API, which has responded
	case "integration.requestId":
		return x.integrationRequestID
	}
	return ""
}

// number formats n; zero has no value.
func number(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// logAccess writes the stage's access log entry. Its values are not escaped: no page of AWS says that they are, and
// they were not in
// https://github.com/DataBiosphere/azul/issues/4009.
func (x *exchange) logAccess() {
	if log := x.stage.AccessLog; log != nil && log.DestinationARN != "" {
		x.server.config.AccessLog(log.DestinationARN, x.expand(log.Format, "-"))
	}
}
