package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
)

// Limits are what AWS lets the account have. Where they name nothing, AWS's defaults hold.
type Limits struct {
	// Quotas are the applied values, by service and code of Service Quotas: "vpc/L-F678F1CE".
	Quotas map[string]float64 `json:"quotas"`
	// NotOffered is what the region lacks: "aurora-postgresql 16.11", "db.serverless",
	// "db.serverless eu-west-1a", "redis 7.1", "cache.r7g.large".
	NotOffered []string `json:"notOffered"`
}

// limits are those of the account by now.
type limits struct {
	mu sync.Mutex
	Limits
}

// LimitsPath takes the account's new limits by PUT, as JSON; DELETE brings those of the configuration back.
const LimitsPath = ownPrefix + "limits"

func (g *Gateway) setLimits(w http.ResponseWriter, r *http.Request) {
	var next Limits
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&next)
	for key := range next.Quotas {
		if _, known := defaultQuotas[key]; !known && err == nil {
			err = fmt.Errorf("no quota %q is known here", key)
		}
	}
	if err != nil {
		writeFailure(w, http.StatusBadRequest, "SandboxFailure", "the account's limits: "+err.Error())
		return
	}
	g.limits.set(next)
	w.WriteHeader(http.StatusNoContent)
}

func (g *Gateway) resetLimits(w http.ResponseWriter, _ *http.Request) {
	g.limits.set(g.config.Limits)
	w.WriteHeader(http.StatusNoContent)
}

func (l *limits) set(next Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Limits = next
}

func (l *limits) offers(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.Contains(l.NotOffered, what)
}

// applied is a quota that AWS has set for the account, if it has.
func (l *limits) applied(key string) (float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, ok := l.Quotas[key]
	return value, ok
}

func (l *limits) quota(key string) int {
	if value, ok := l.applied(key); ok {
		return int(value)
	}
	return int(defaultQuotas[key])
}

// The quotas that the gateway enforces.
const (
	quotaVPCs               = "vpc/L-F678F1CE"
	quotaInternetGateways   = "vpc/L-A4707A72"
	quotaAddresses          = "ec2/L-0263D0A3"
	quotaNATGateways        = "vpc/L-FE5A380F"
	quotaInterfaceEndpoints = "vpc/L-29B6F2EB"
	quotaGatewayEndpoints   = "vpc/L-1B52E74A"
	quotaSecurityGroups     = "vpc/L-E79EC296"
	quotaRESTAPIs           = "apigateway/L-AA0FF27B"
	quotaDomainNames        = "apigateway/L-A93447B8"
	quotaUsagePlans         = "apigateway/L-E8693075"
	quotaCacheNodes         = "elasticache/L-DFE45DF3"
	quotaProxies            = "rds/L-D94C7EA3"
	quotaClusters           = "rds/L-952B80B8"
	quotaInstances          = "rds/L-7B6409FD"
	quotaSubnetGroups       = "rds/L-48C6BF61"
	quotaParameterGroups    = "rds/L-DE55804A"
	quotaClusterParameters  = "rds/L-E4C808A8"
	quotaConcurrency        = "lambda/L-B99A9384"
)

// defaultQuotas are AWS's own, of the AWS General Reference, service endpoints and quotas.
var defaultQuotas = map[string]float64{
	quotaVPCs: 5, quotaInternetGateways: 5, quotaAddresses: 5, quotaNATGateways: 5, quotaInterfaceEndpoints: 50,
	quotaGatewayEndpoints: 20, quotaSecurityGroups: 2500,
	quotaRESTAPIs: 600, quotaDomainNames: 120, quotaUsagePlans: 300, quotaCacheNodes: 300,
	quotaProxies: 20, quotaClusters: 40, quotaInstances: 40, quotaSubnetGroups: 50, quotaParameterGroups: 50,
	quotaClusterParameters: 50, quotaConcurrency: 1000,
}

// quotaCalls answer Service Quotas, which the emulator lacks; it still verifies the signature.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_Operations.html
func (g *Gateway) quotaCalls() map[string]handler {
	return map[string]handler{
		"ServiceQuotasV20190624.GetServiceQuota":           instead(quotaAnswer(g.limits.applied)),
		"ServiceQuotasV20190624.GetAWSDefaultServiceQuota": instead(quotaAnswer(func(key string) (float64, bool) { v, ok := defaultQuotas[key]; return v, ok })),
	}
}

func quotaAnswer(value func(key string) (float64, bool)) handler {
	return func(x *exchange) error {
		var request struct{ ServiceCode, QuotaCode string }
		if err := decodeCall(x.body, &request); err != nil {
			return fmt.Errorf("decode the request: %w", err)
		}
		v, ok := value(request.ServiceCode + "/" + request.QuotaCode)
		if !ok {
			return x.answerError(http.StatusBadRequest, "NoSuchResourceException", "The request failed because the specified service quota does not exist.")
		}
		return x.answerJSON(http.StatusOK, map[string]any{"Quota": map[string]any{
			"ServiceCode": request.ServiceCode, "QuotaCode": request.QuotaCode, "Value": v,
			"QuotaArn": x.g.arn("servicequotas", request.ServiceCode+"/"+request.QuotaCode),
		}})
	}
}
