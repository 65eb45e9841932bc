package api

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/didomi/serverless-api/api/function"
	"github.com/didomi/serverless-api/api/watch"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// Config is what a stack sets for its API and its function.
type Config struct {
	// Document is the API's definition, which stacks do not configure.
	Document *openapi.Document `json:"-"`

	// Architecture is the function's: arm64 or x86_64.
	Architecture string `json:"architecture"`
	// MemoryMB is the function's memory; its processor share grows with it.
	MemoryMB int `json:"memoryMb"`
	// TimeoutSeconds bounds one invocation, and so how long a client that reads slowly holds an execution
	// environment.
	TimeoutSeconds int `json:"timeoutSeconds"`
	// StreamMaxMB is the largest file that the function streams, in megabytes; the client of a larger one is
	// redirected to S3.
	StreamMaxMB int `json:"streamMaxMb"`
	// ReservedConcurrency is the function's reserved concurrent executions, also its maximum; 0: none.
	ReservedConcurrency int `json:"reservedConcurrency"`
	// ProvisionedConcurrency is its provisioned concurrency; 0: none.
	ProvisionedConcurrency int `json:"provisionedConcurrency"`
	// ProvisionedMax lets that number grow with use up to it; 0: it does not grow.
	ProvisionedMax int `json:"provisionedMax"`
	// ProvisionedUtilization is the target utilization of the provisioned concurrency, in per cent, where the
	// number grows and shrinks.
	ProvisionedUtilization int `json:"provisionedUtilization"`
	// Rollout is how a new version takes over: allAtOnce, with the update, or canary, with
	// `ops rollout` after it.
	Rollout string `json:"rollout"`

	// CacheTTL is how long an item is fresh in the cache, a Go duration.
	CacheTTL string `json:"cacheTtl"`
	// StaleTTL is how much longer it may still be served while the database is unavailable or queried.
	StaleTTL string `json:"staleTtl"`
	// NegativeTTL is how long the absence of an item is remembered.
	NegativeTTL string `json:"negativeTtl"`

	// Auth is how callers prove who they are: none, jwt or iam, on every operation with security in the API's definition.
	Auth string `json:"auth"`
	// JWT is what a token must be, where Auth is jwt.
	JWT JWT `json:"jwt"`
	// RequireAPIKey requires an API key of a usage plan, on the same operations.
	RequireAPIKey bool `json:"requireApiKey"`
	// Plans are the usage plans.
	Plans []Plan `json:"plans"`
	// ThrottleRate (requests a second) and ThrottleBurst (requests) hold for each method of the stage, all
	// clients together.
	ThrottleRate  int `json:"throttleRate"`
	ThrottleBurst int `json:"throttleBurst"`
	// Throttles hold instead for single methods. Routes that stream and routes without a key have one by default.
	Throttles []Throttle `json:"throttles"`
	// CORSOrigins are the origins whose pages may call the API, or "*" alone for all; none: no CORS. The
	// stack gives them to the bucket of files too, which the API sends its callers to.
	CORSOrigins []string `json:"corsOrigins"`

	// WAF puts a web ACL before the stage.
	WAF bool `json:"waf"`
	// WAFRateLimit is how many requests one address may make in five minutes; 0: twice what the fastest
	// plan allows.
	WAFRateLimit int `json:"wafRateLimit"`
	// WAFLog is what the web ACL's log keeps: blocked requests, all, or none.
	WAFLog string `json:"wafLog"`

	// LogRetentionDays is how long every log group of the component keeps its events.
	LogRetentionDays int `json:"logRetentionDays"`
	// Objective is the share of requests without 5xx in 30 days, in per cent. Alarms page for failures that spend the
	// rest too fast.
	Objective float64 `json:"objective"`
	// SilenceMinutes is how long the function may go without a request before that is an alarm; 0: for
	// ever. The logs are watched where it is set: there are no lines to expect without requests.
	SilenceMinutes int `json:"silenceMinutes"`
	// AlarmEmails are notified of customer impact, WarningEmails of early warnings;
	// each address confirms its subscription once.
	AlarmEmails   []string `json:"alarmEmails"`
	WarningEmails []string `json:"warningEmails"`
}

// Default is the configuration of a stack that sets no key.
func Default() Config {
	return Config{
		Architecture: "arm64", MemoryMB: 512, TimeoutSeconds: 30, StreamMaxMB: 16,
		CacheTTL: "60s", StaleTTL: "10m", NegativeTTL: "5s",
		ProvisionedUtilization: 70, Rollout: function.AllAtOnce,
		Auth: openapi.AuthNone, JWT: defaultJWT(),
		RequireAPIKey: true,
		Plans:         []Plan{{Name: "standard", Rate: 50, Burst: 100, Keys: []string{"first"}, Throttles: []Throttle{}}},
		ThrottleRate:  100, ThrottleBurst: 200,
		WAF: true, WAFLog: wafLogBlocked,
		LogRetentionDays: 30,
		Objective:        99.9,
	}
}

// Validate lists every invalid value.
func (c Config) Validate() []config.FieldError {
	if c.Document == nil {
		return []config.FieldError{{Key: "document", MustBe: "the API's definition"}}
	}
	var problems []config.FieldError
	for _, list := range [][]config.FieldError{
		config.OneOf("architecture", c.Architecture, "arm64", "x86_64"),
		config.Between("memoryMb", c.MemoryMB, 128, 10240),
		config.Between("timeoutSeconds", c.TimeoutSeconds, 30, 900),
		c.streamProblems(),
		c.concurrency(),
		c.lifetimes(),
		c.authProblems(),
		c.limits(),
		c.planProblems(),
		c.throttleProblems(),
		c.originProblems(),
		config.OneOf("wafLog", c.WAFLog, wafLogBlocked, wafLogAll, wafLogNone),
		config.LogRetention("logRetentionDays", c.LogRetentionDays),
		c.objective(),
		c.silence(),
		emails("alarmEmails", c.AlarmEmails),
		emails("warningEmails", c.WarningEmails),
	} {
		problems = append(problems, list...)
	}
	return problems
}

// concurrency checks that provisioned concurrency and its maximum are within reservedConcurrency.
func (c Config) concurrency() []config.FieldError {
	const most = 10000
	highest := most
	if c.ReservedConcurrency > 0 {
		highest = min(most, c.ReservedConcurrency)
	}
	problems := slices.Concat(
		config.Between("reservedConcurrency", c.ReservedConcurrency, 0, most),
		config.Between("provisionedConcurrency", c.ProvisionedConcurrency, 0, highest),
		// AWS takes targets from 10 to 90 per cent.
		config.Between("provisionedUtilization", c.ProvisionedUtilization, 10, 90),
		config.OneOf("rollout", c.Rollout, function.AllAtOnce, function.Canary),
	)
	if c.ProvisionedMax == 0 {
		return problems
	}
	if c.ProvisionedConcurrency == 0 {
		return append(problems, config.FieldError{
			Key: "provisionedMax", Value: strconv.Itoa(c.ProvisionedMax), MustBe: "0 while provisionedConcurrency is 0",
		})
	}
	return append(problems, config.Between("provisionedMax", c.ProvisionedMax, min(c.ProvisionedConcurrency, highest), highest)...)
}

func (c Config) objective() []config.FieldError {
	if watch.LeastObjective <= c.Objective && c.Objective <= watch.HighestObjective {
		return nil
	}
	return []config.FieldError{{
		Key: "objective", Value: strconv.FormatFloat(c.Objective, 'f', -1, 64),
		MustBe: fmt.Sprintf("a number from %v to %v", watch.LeastObjective, watch.HighestObjective),
	}}
}

func (c Config) silence() []config.FieldError {
	if c.SilenceMinutes == 0 || watch.LeastSilence <= c.SilenceMinutes && c.SilenceMinutes <= watch.HighestSilence {
		return nil
	}
	return []config.FieldError{{
		Key: "silenceMinutes", Value: strconv.Itoa(c.SilenceMinutes),
		MustBe: fmt.Sprintf("0, or an integer from %d to %d", watch.LeastSilence, watch.HighestSilence),
	}}
}

var emailPattern = regexp.MustCompile(`^[^@\s]+@[^@\s]+\.[^@\s]+$`)

// emails reports what is no mail address in one list, or one a second time: a topic has one subscription
// of an address.
func emails(key string, addresses []string) []config.FieldError {
	var problems []config.FieldError
	for i, address := range addresses {
		want := ""
		switch {
		case !emailPattern.MatchString(address):
			want = "a mail address"
		case slices.Contains(addresses[:i], address):
			want = "an address that is in the list once"
		}
		if want != "" {
			problems = append(problems, config.FieldError{Key: fmt.Sprintf("%s[%d]", key, i), Value: config.Quote(address), MustBe: want})
		}
	}
	return problems
}
