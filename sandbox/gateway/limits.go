package gateway

import (
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
