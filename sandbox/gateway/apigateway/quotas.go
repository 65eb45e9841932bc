package apigateway

import (
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// Quotas by service code and quota code of Service Quotas.
const (
	QuotaRESTAPIs    = "apigateway/L-AA0FF27B"
	QuotaDomainNames = "apigateway/L-A93447B8"
	QuotaUsagePlans  = "apigateway/L-E8693075"
)

// defaultQuotas are AWS's default quotas (AWS General Reference, service endpoints and quotas).
var defaultQuotas = map[string]float64{QuotaRESTAPIs: 600, QuotaDomainNames: 120, QuotaUsagePlans: 300}

// quotas are the enforced quotas by pattern of the call. They are those of regional APIs; the project has no others.
// https://docs.aws.amazon.com/apigateway/latest/api/API_CreateDomainName.html
func (s *Service) quotas() map[string]call.Enforced {
	return map[string]call.Enforced{
		"POST /restapis":    {Key: QuotaRESTAPIs, Message: "Maximum number of REST APIs has been reached.", Used: s.listed(restAPIs, "/restapis")},
		"POST /domainnames": {Key: QuotaDomainNames, Message: "Maximum number of domain names has been reached.", Used: s.listed(domains, "/domainnames")},
		"POST /usageplans":  {Key: QuotaUsagePlans, Message: "Maximum number of usage plans has been reached.", Used: s.listed(usagePlans, "/usageplans")},
	}
}

// listed counts the resources of a kind.
func (s *Service) listed(k kind, path string) func(*call.Exchange) (int, error) {
	return func(x *call.Exchange) (int, error) {
		all, err := s.listAll(x.Request.Context(), k, path)
		return len(all), err
	}
}

func (s *Service) withinQuotas(calls map[string]call.Handler) map[string]call.Handler {
	for pattern, quota := range s.quotas() {
		quota.Code, quota.Status = "LimitExceededException", http.StatusTooManyRequests
		calls[pattern] = quota.Guard(calls[pattern])
	}
	return calls
}
