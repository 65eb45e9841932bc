package call

import (
	"slices"
	"sync"
)

// Limits are the account's quotas and what its region does not offer. AWS's default quotas apply to all others.
type Limits struct {
	// Quotas are the applied quota values, by service code and quota code: "vpc/L-F678F1CE".
	Quotas map[string]float64 `json:"quotas"`
	// NotOffered lists what the region does not offer: "aurora-postgresql 16.11", "db.serverless",
	// "db.serverless eu-west-1a", "redis 7.1", "cache.r7g.large".
	NotOffered []string `json:"notOffered"`
}

// AccountLimits are the current limits of the account.
type AccountLimits struct {
	mu sync.Mutex
	Limits
	Defaults map[string]float64 // AWS's default quotas
}

// Set replaces the limits.
func (l *AccountLimits) Set(next Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Limits = next
}

// Offers reports whether the region offers an engine version, an instance class or a node type.
func (l *AccountLimits) Offers(what string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return !slices.Contains(l.NotOffered, what)
}

// Applied is the applied value of a quota, if the account has one.
func (l *AccountLimits) Applied(key string) (float64, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	value, ok := l.Quotas[key]
	return value, ok
}

// Default is AWS's default quota, if the gateway enforces that quota.
func (l *AccountLimits) Default(key string) (float64, bool) {
	value, ok := l.Defaults[key]
	return value, ok
}

// Quota is the effective quota: the applied value, or AWS's default.
func (l *AccountLimits) Quota(key string) int {
	if value, ok := l.Applied(key); ok {
		return int(value)
	}
	return int(l.Defaults[key])
}
