// Package api is API Gateway, the Lambda functions (api/function) and their monitoring (api/watch).
//
// Along the request path: the web ACL (waf.go, its log in waflog.go) and the custom domain (domain.go) are before the
// REST API (gateway.go). The REST API is imported from the API's definition (lambda/openapi, rendered by document.go),
// meters clients by usage plan and key (usage.go; plans.go has their configuration) and throttles methods (throttles.go;
// executions.go for those that stream). It invokes the alias "live" of the function that api/function creates.
//
// functionargs.go and watchargs.go pass plain values to the two packages, which import neither this one nor each other.
// permissions.go has what the pipeline's roles need, composed from all three.
package api
