package gateway

import "net/http"

// apigatewayQuotas are by the pattern of the call: every API of ours is regional.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
var apigatewayQuotas = map[string]enforced{
	"POST /restapis":    {key: quotaRESTAPIs, message: "Maximum number of REST APIs has been reached.", used: listed(restAPIs, "/restapis")},
	"POST /domainnames": {key: quotaDomainNames, message: "Maximum number of domain names has been reached.", used: listed(domains, "/domainnames")},
	"POST /usageplans":  {key: quotaUsagePlans, message: "Maximum number of usage plans has been reached.", used: listed(usagePlans, "/usageplans")},
}

func listed(k kind, path string) func(*exchange) (int, error) {
	return func(x *exchange) (int, error) {
		all, err := x.g.listAll(x.r.Context(), k, path)
		return len(all), err
	}
}

func withinAPIGatewayQuotas(calls map[string]handler) map[string]handler {
	for pattern, quota := range apigatewayQuotas {
		quota.code, quota.status = "LimitExceededException", http.StatusTooManyRequests
		calls[pattern] = quota.guard(calls[pattern])
	}
	return calls
}
