package call

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

// AccountLimits are those of the account by now.
type AccountLimits struct {
	mu sync.Mutex
	Limits
	Defaults map[string]float64 // AWS's own quotas, as the services name them
}

// Set replaces the limits.
func (l *AccountLimits) Set(next Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Limits = next
}

// Offers says whether the region has something.
func (l *AccountLimits) Offers(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.Contains(l.NotOffered, what)
}

// Applied is a quota that AWS has set for the account, if it has.
func (l *AccountLimits) Applied(key string) (float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, ok := l.Quotas[key]
	return value, ok
}

// ByDefault is AWS's own quota, if the gateway knows it.
func (l *AccountLimits) ByDefault(key string) (float64, bool) {
	value, ok := l.Defaults[key]
	return value, ok
}

// Quota is what holds: the applied value, or AWS's default.
func (l *AccountLimits) Quota(key string) int {
	if value, ok := l.Applied(key); ok {
		return int(value)
	}
	return int(l.Defaults[key])
}
