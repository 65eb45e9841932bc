package api

import (
	"regexp"
	"time"

	"github.com/didomi/serverless-api/internal/config"
)

// Config is what a stack says about its API and its function.
type Config struct {
	// Architecture is the function's: arm64 or x86_64.
	Architecture string `json:"architecture"`
	// MemoryMB is the function's memory; its processor share grows with it.
	MemoryMB int `json:"memoryMb"`
	// TimeoutSeconds bounds one invocation. Streams need the time: 200 MB at 2 MB/s are 100 s.
	TimeoutSeconds int `json:"timeoutSeconds"`
	// ReservedConcurrency keeps so many executions for the function, and lets it have no more; 0: none.
	ReservedConcurrency int `json:"reservedConcurrency"`
	// ProvisionedConcurrency keeps so many executions warm; 0: none.
	ProvisionedConcurrency int `json:"provisionedConcurrency"`

	// CacheTTL is how long an item is fresh in the cache, a Go duration.
	CacheTTL string `json:"cacheTtl"`
	// StaleTTL is how much longer it may still be served while the database is away or being asked.
	StaleTTL string `json:"staleTtl"`
	// NegativeTTL is how long the absence of an item is remembered.
	NegativeTTL string `json:"negativeTtl"`

	// RequireAPIKey makes every route but the health check ask for a key, and makes one key.
	RequireAPIKey bool `json:"requireApiKey"`
	// ThrottleRate (requests a second) and ThrottleBurst (requests) hold for the whole stage.
	ThrottleRate  int `json:"throttleRate"`
	ThrottleBurst int `json:"throttleBurst"`
	// UsagePlanRate and UsagePlanBurst hold for one key.
	UsagePlanRate  int `json:"usagePlanRate"`
	UsagePlanBurst int `json:"usagePlanBurst"`
	// QuotaPerDay is how many requests one key may make a day; 0: no quota.
	QuotaPerDay int `json:"quotaPerDay"`

	// WAF puts a web ACL before the stage.
	WAF bool `json:"waf"`
	// WAFRateLimit is how many requests one address may make in five minutes.
	WAFRateLimit int `json:"wafRateLimit"`

	// ManageAccountRole lets this stack set the role that API Gateway logs with. It is one setting
	// per account and region: turn it off where somebody else looks after it.
	ManageAccountRole bool `json:"manageAccountRole"`
	// LogRetentionDays is how long every log group of the room keeps its events.
	LogRetentionDays int `json:"logRetentionDays"`
	// AlarmEmails are told of alarms; each address confirms its subscription once.
	AlarmEmails []string `json:"alarmEmails"`
}

// Default is the configuration of a stack that says nothing.
func Default() Config {
	return Config{
		Architecture: "arm64", MemoryMB: 512, TimeoutSeconds: 120,
		CacheTTL: "60s", StaleTTL: "10m", NegativeTTL: "5s",
		RequireAPIKey: true,
		ThrottleRate:  100, ThrottleBurst: 200,
		UsagePlanRate: 50, UsagePlanBurst: 100,
		WAF: true, WAFRateLimit: 2000,
		ManageAccountRole: true, LogRetentionDays: 30,
	}
}

// Problems lists every value that the room cannot use.
func (c Config) Problems() []config.Problem {
	var problems []config.Problem
	for _, list := range [][]config.Problem{
		config.OneOf("architecture", c.Architecture, "arm64", "x86_64"),
		config.Between("memoryMb", c.MemoryMB, 128, 10240),
		config.Between("timeoutSeconds", c.TimeoutSeconds, 30, 900),
		c.concurrency(),
		c.lifetimes(),
		c.limits(),
		config.LogRetention("logRetentionDays", c.LogRetentionDays),
		c.emails(),
	} {
		problems = append(problems, list...)
	}
	return problems
}

// concurrency checks the two numbers and that what is kept warm fits into what is reserved.
func (c Config) concurrency() []config.Problem {
	const most = 10000
	problems := config.Between("reservedConcurrency", c.ReservedConcurrency, 0, most)
	highest := most
	if c.ReservedConcurrency > 0 {
		highest = min(most, c.ReservedConcurrency)
	}
	return append(problems, config.Between("provisionedConcurrency", c.ProvisionedConcurrency, 0, highest)...)
}

// lifetimes checks the cache's durations.
func (c Config) lifetimes() []config.Problem {
	const longest = 24 * time.Hour
	var problems []config.Problem
	for _, d := range []struct {
		key, value string
		least      time.Duration
	}{
		{"cacheTtl", c.CacheTTL, time.Second},
		{"staleTtl", c.StaleTTL, 0},
		{"negativeTtl", c.NegativeTTL, 0},
	} {
		parsed, err := time.ParseDuration(d.value)
		if err != nil || parsed < d.least || parsed > longest {
			problems = append(problems, config.Problem{
				Key: d.key, Value: config.Text(d.value),
				Want: "a duration from " + d.least.String() + " to 24h, such as 90s or 10m",
			})
		}
	}
	return problems
}

// limits checks the three ways of counting requests: stage, key and address.
func (c Config) limits() []config.Problem {
	var problems []config.Problem
	for _, n := range []struct {
		key         string
		value       int
		least, most int
	}{
		{"throttleRate", c.ThrottleRate, 1, 10000},
		{"throttleBurst", c.ThrottleBurst, 1, 5000},
		{"usagePlanRate", c.UsagePlanRate, 1, max(1, c.ThrottleRate)},
		{"usagePlanBurst", c.UsagePlanBurst, 1, max(1, c.ThrottleBurst)},
		{"quotaPerDay", c.QuotaPerDay, 0, 100_000_000},
		{"wafRateLimit", c.WAFRateLimit, 100, 20_000_000},
	} {
		problems = append(problems, config.Between(n.key, n.value, n.least, n.most)...)
	}
	return problems
}

var emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

func (c Config) emails() []config.Problem {
	var problems []config.Problem
	for _, address := range c.AlarmEmails {
		if !emailPattern.MatchString(address) {
			problems = append(problems, config.Problem{
				Key: "alarmEmails", Value: config.Text(address), Want: "a list of mail addresses",
			})
		}
	}
	return problems
}
