package gateway

import "net/http"

// The quotas, by the codes of Service Quotas.
const (
	quotaRESTAPIs    = "apigateway/L-AA0FF27B"
	quotaDomainNames = "apigateway/L-A93447B8"
	quotaUsagePlans  = "apigateway/L-E8693075"
)

// apigatewayDefaults are AWS's own quotas, of the AWS General Reference, service endpoints and quotas.
var apigatewayDefaults = map[string]float64{quotaRESTAPIs: 600, quotaDomainNames: 120, quotaUsagePlans: 300}

// apigatewayQuotas are by the pattern of the call: every API of ours is regional.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
func (g *Gateway) apigatewayQuotas() map[string]enforced {
	return map[string]enforced{
		"POST /restapis":    {key: quotaRESTAPIs, message: "Maximum number of REST APIs has been reached.", used: listed(restAPIs, "/restapis")},
		"POST /domainnames": {key: quotaDomainNames, message: "Maximum number of domain names has been reached.", used: listed(domains, "/domainnames")},
		"POST /usageplans":  {key: quotaUsagePlans, message: "Maximum number of usage plans has been reached.", used: listed(usagePlans, "/usageplans")},
	}
}

func listed(k kind, path string) func(*exchange) (int, error) {
	return func(x *exchange) (int, error) {
		all, err := x.g.listAll(x.r.Context(), k, path)
		return len(all), err
	}
}

func (g *Gateway) withinAPIGatewayQuotas(calls map[string]handler) map[string]handler {
	for pattern, quota := range g.apigatewayQuotas() {
		quota.code, quota.status = "LimitExceededException", http.StatusTooManyRequests
		calls[pattern] = quota.guard(calls[pattern])
	}
	return calls
}
