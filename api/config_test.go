package api

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
)

// origin is the error for a string that is not an origin.
func origin(i int, text string) []config.FieldError {
	return []config.FieldError{{
		Key: fmt.Sprintf("corsOrigins[%d]", i), Value: config.Quote(text),
		MustBe: `scheme and host as browsers send them, such as "https://app.example.com", or "*" alone`,
	}}
}

func TestValidateReportsEveryInvalidValue(t *testing.T) {
	type problems = []config.FieldError
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   problems
	}{
		{"the defaults are accepted", func(*Config) {}, nil},
		{"every minimum is accepted", func(c *Config) {
			c.MemoryMB, c.TimeoutSeconds = 128, 30
			c.CacheTTL, c.StaleTTL, c.NegativeTTL = "1s", "0s", "0s"
			c.ThrottleRate, c.ThrottleBurst = 1, 1
			c.Plans = []Plan{{Name: "p", Rate: 1, Burst: 1, Keys: []string{"k"}}}
			c.WAFRateLimit, c.LogRetentionDays, c.SilenceMinutes = 301, 1, 15
		}, nil},
		{"an architecture that Lambda lacks", func(c *Config) { c.Architecture = "amd64" },
			problems{{Key: "architecture", Value: `"amd64"`, MustBe: "one of arm64, x86_64"}}},
		{"too little memory", func(c *Config) { c.MemoryMB = 127 },
			problems{{Key: "memoryMb", Value: "127", MustBe: "an integer from 128 to 10240"}}},
		{"too much memory", func(c *Config) { c.MemoryMB = 10241 },
			problems{{Key: "memoryMb", Value: "10241", MustBe: "an integer from 128 to 10240"}}},
		{"a time-out that no stream fits in", func(c *Config) { c.TimeoutSeconds = 29 },
			problems{{Key: "timeoutSeconds", Value: "29", MustBe: "an integer from 30 to 900"}}},
		{"a time-out beyond Lambda's", func(c *Config) { c.TimeoutSeconds = 901 },
			problems{{Key: "timeoutSeconds", Value: "901", MustBe: "an integer from 30 to 900"}}},
		{"a negative reservation", func(c *Config) { c.ReservedConcurrency = -1 },
			problems{{Key: "reservedConcurrency", Value: "-1", MustBe: "an integer from 0 to 10000"}}},
		{"more provisioned concurrency than is reserved", func(c *Config) { c.ReservedConcurrency, c.ProvisionedConcurrency = 7, 8 },
			problems{{Key: "provisionedConcurrency", Value: "8", MustBe: "an integer from 0 to 7"}}},
		{"a lifetime without a unit", func(c *Config) { c.CacheTTL = "60" },
			problems{{Key: "cacheTtl", Value: `"60"`, MustBe: "a duration from 1s to 24h, such as 90s or 10m"}}},
		{"a cache that keeps nothing", func(c *Config) { c.CacheTTL = "0s" },
			problems{{Key: "cacheTtl", Value: `"0s"`, MustBe: "a duration from 1s to 24h, such as 90s or 10m"}}},
		{"a negative lifetime", func(c *Config) { c.StaleTTL = "-1s" },
			problems{{Key: "staleTtl", Value: `"-1s"`, MustBe: "a duration from 0s to 24h, such as 90s or 10m"}}},
		{"a lifetime of more than a day", func(c *Config) { c.NegativeTTL = "25h" },
			problems{{Key: "negativeTtl", Value: `"25h"`, MustBe: "a duration from 0s to 24h, such as 90s or 10m"}}},
		{"a maximum without provisioned concurrency", func(c *Config) { c.ProvisionedMax = 3 },
			problems{{Key: "provisionedMax", Value: "3", MustBe: "0 while provisionedConcurrency is 0"}}},
		{"a maximum below the provisioned concurrency", func(c *Config) { c.ProvisionedConcurrency, c.ProvisionedMax = 3, 2 },
			problems{{Key: "provisionedMax", Value: "2", MustBe: "an integer from 3 to 10000"}}},
		{"a maximum above the reserved concurrency", func(c *Config) {
			c.ReservedConcurrency, c.ProvisionedConcurrency, c.ProvisionedMax = 7, 2, 8
		}, problems{{Key: "provisionedMax", Value: "8", MustBe: "an integer from 2 to 7"}}},
		{"streams of size 0", func(c *Config) { c.StreamMaxMB = 0 },
			problems{{Key: "streamMaxMb", Value: "0", MustBe: "an integer from 1 to 200"}}},
		{"streams longer than Lambda allows", func(c *Config) { c.StreamMaxMB = 201 },
			problems{{Key: "streamMaxMb", Value: "201", MustBe: "an integer from 1 to 200"}}},
		{"streams that take longer than an invocation", func(c *Config) { c.StreamMaxMB = 200 },
			problems{{Key: "timeoutSeconds", Value: "30", MustBe: "at least 101, which a stream of streamMaxMb (200) takes at Lambda's pace"}}},
		{"streams as long as an invocation are accepted", func(c *Config) { c.StreamMaxMB, c.TimeoutSeconds = 200, 101 }, nil},
		{"a reservation that default streams fill", func(c *Config) { c.ReservedConcurrency = 5 },
			problems{{Key: "reservedConcurrency", Value: "5", MustBe: "0, or at least 6: with a burst of 1, a rate of 1 and 5 seconds each (streamMaxMb 16) GET /scans/{key+} can hold so many executions"}}},
		{"a reservation that the stack's streams exceed", func(c *Config) {
			c.ReservedConcurrency, c.Throttles = 129, []Throttle{{Route: "GET /scans/{key+}", Rate: 20, Burst: 30}}
		}, problems{{Key: "reservedConcurrency", Value: "129", MustBe: "0, or at least 130: with a burst of 30, a rate of 20 and 5 seconds each (streamMaxMb 16) GET /scans/{key+} can hold so many executions"}}},
		{"a reservation that the stack's streams fit in is accepted", func(c *Config) {
			c.ReservedConcurrency, c.Throttles = 130, []Throttle{{Route: "GET /scans/{key+}", Rate: 20, Burst: 30}}
		}, nil},
		{"a throttle of a plan for a route without a key, and one above the plan's", func(c *Config) {
			c.Plans[0].Throttles = []Throttle{{Route: "GET /ping", Rate: 1, Burst: 1}, {Route: "GET /books", Rate: 51, Burst: 101}, {Route: "GET /books", Rate: 1, Burst: 1}}
		}, problems{
			{Key: "plans[0].throttles[0].route", Value: `"GET /ping"`, MustBe: "one of GET /books, GET /books/{id}, GET /scans/{key+}, HEAD /scans/{key+}, POST /scans/{key+}, PUT /books/{id}"},
			{Key: "plans[0].throttles[1].rate", Value: "51", MustBe: "an integer from 1 to 50"},
			{Key: "plans[0].throttles[1].burst", Value: "101", MustBe: "an integer from 1 to 100"},
			{Key: "plans[0].throttles[2].route", Value: `"GET /books"`, MustBe: "a route that no other throttle has"},
		}},
		{"a utilization that leaves no spare concurrency", func(c *Config) { c.ProvisionedUtilization = 91 },
			problems{{Key: "provisionedUtilization", Value: "91", MustBe: "an integer from 10 to 90"}}},
		{"an unknown rollout", func(c *Config) { c.Rollout = "bluegreen" },
			problems{{Key: "rollout", Value: `"bluegreen"`, MustBe: "one of allAtOnce, canary"}}},
		{"no throttle", func(c *Config) { c.ThrottleRate, c.Plans[0].Rate = 0, 1 },
			problems{{Key: "throttleRate", Value: "0", MustBe: "an integer from 1 to 10000"}}},
		{"a burst beyond the account's", func(c *Config) { c.ThrottleBurst = 5001 },
			problems{{Key: "throttleBurst", Value: "5001", MustBe: "an integer from 1 to 5000"}}},
		{"a plan's throttle above the stage's", func(c *Config) { c.Plans[0].Rate, c.Plans[0].Burst = 101, 201 },
			problems{
				{Key: "plans[0].rate", Value: "101", MustBe: "an integer from 1 to 100"},
				{Key: "plans[0].burst", Value: "201", MustBe: "an integer from 1 to 200"},
			}},
		{"a negative quota", func(c *Config) { c.Plans[0].QuotaPerDay = -1 },
			problems{{Key: "plans[0].quotaPerDay", Value: "-1", MustBe: "an integer from 0 to 1000000000"}}},
		{"a plan without a name", func(c *Config) { c.Plans[0].Name = "" },
			problems{{Key: "plans[0].name", MustBe: "at most 20 lower case letters, digits and hyphens, a letter first"}}},
		{"two plans of one name", func(c *Config) { c.Plans = append(c.Plans, Plan{Name: "standard", Rate: 1, Burst: 1}) },
			problems{{Key: "plans[1].name", Value: `"standard"`, MustBe: "a name that no other plan or key has"}}},
		{"a key in two plans", func(c *Config) {
			c.Plans = append(c.Plans, Plan{Name: "other", Rate: 1, Burst: 1, Keys: []string{"first"}})
		}, problems{{Key: "plans[1].keys[0]", Value: `"first"`, MustBe: "a name that no other plan or key has"}}},
		{"a key whose name is not valid within a resource name", func(c *Config) { c.Plans[0].Keys = []string{"Acme Inc."} },
			problems{{Key: "plans[0].keys[0]", Value: `"Acme Inc."`, MustBe: "at most 20 lower case letters, digits and hyphens, a letter first"}}},
		{"required keys without any key", func(c *Config) { c.Plans = nil },
			problems{{Key: "plans", MustBe: "a list with a plan that has a key, while requireApiKey is true"}}},
		{"no required keys and no key are accepted", func(c *Config) { c.RequireAPIKey, c.Plans = false, nil }, nil},
		{"a throttle for no method of the API", func(c *Config) { c.Throttles = []Throttle{{Route: "PUT /book", Rate: 1, Burst: 1}} },
			problems{{Key: "throttles[0].route", Value: `"PUT /book"`, MustBe: "one of GET /books, GET /books/{id}, GET /ping, GET /scans/{key+}, HEAD /ping, HEAD /scans/{key+}, POST /scans/{key+}, PUT /books/{id}"}}},
		{"two throttles for one method", func(c *Config) {
			c.Throttles = []Throttle{{Route: "GET /books", Rate: 1, Burst: 1}, {Route: "GET /books", Rate: 2, Burst: 2}}
		}, problems{{Key: "throttles[1].route", Value: `"GET /books"`, MustBe: "a route that no other throttle has"}}},
		{"a throttle above the stage's", func(c *Config) { c.Throttles = []Throttle{{Route: "GET /books", Rate: 101, Burst: 0}} },
			problems{
				{Key: "throttles[0].rate", Value: "101", MustBe: "an integer from 1 to 100"},
				{Key: "throttles[0].burst", Value: "0", MustBe: "an integer from 1 to 200"},
			}},
		{"every origin is accepted", func(c *Config) { c.CORSOrigins = []string{"*"} }, nil},
		{"origins with and without a port are accepted", func(c *Config) {
			c.CORSOrigins = []string{"https://app.example.com", "http://localhost:3000"}
		}, nil},
		{"origins that browsers do not send", func(c *Config) {
			c.CORSOrigins = []string{"https://app.example.com/", "app.example.com", "*", "https://*.example.com", "https://App.example.com"}
		}, slices.Concat(origin(0, "https://app.example.com/"), origin(1, "app.example.com"), origin(2, "*"),
			origin(3, "https://*.example.com"), origin(4, "https://App.example.com"))},
		{"a limit of an address below the fastest plan's rate", func(c *Config) {
			c.Plans = append(c.Plans, Plan{Name: "partner", Rate: 100, Burst: 200, Keys: []string{"partner"}})
			c.WAFRateLimit = 30_199
		}, problems{{Key: "wafRateLimit", Value: "30199", MustBe: "0, or an integer from 30200 (what the plan partner allows one address in 300 seconds) to 20000000"}}},
		{"a limit of an address that is the fastest plan's rate is accepted", func(c *Config) { c.WAFRateLimit = 50*300 + 100 }, nil},
		{"without keys, a limit of an address below a method's rate", func(c *Config) { c.RequireAPIKey, c.WAFRateLimit = false, 2000 },
			problems{{Key: "wafRateLimit", Value: "2000", MustBe: "0, or an integer from 30200 (what throttleRate allows one address in 300 seconds) to 20000000"}}},
		{"an unknown filter of the web ACL's log", func(c *Config) { c.WAFLog = "counted" },
			problems{{Key: "wafLog", Value: `"counted"`, MustBe: "one of blocked, all, none"}}},
		{"a rate above WAF's maximum", func(c *Config) {
			c.Plans[0].Rate, c.Plans[0].Burst, c.WAFRateLimit = 1, 1, 20_000_001
		}, problems{{Key: "wafRateLimit", Value: "20000001", MustBe: "0, or an integer from 301 (what the plan standard allows one address in 300 seconds) to 20000000"}}},
		{"an objective that most requests miss", func(c *Config) { c.Objective = 94.9 },
			problems{{Key: "objective", Value: "94.9", MustBe: "a number from 95 to 99.99"}}},
		{"an objective without a budget", func(c *Config) { c.Objective = 100 },
			problems{{Key: "objective", Value: "100", MustBe: "a number from 95 to 99.99"}}},
		{"a silence shorter than the delay of metrics", func(c *Config) { c.SilenceMinutes = 14 },
			problems{{Key: "silenceMinutes", Value: "14", MustBe: "0, or an integer from 15 to 1425"}}},
		{"a silence longer than an alarm can evaluate", func(c *Config) { c.SilenceMinutes = 1426 },
			problems{{Key: "silenceMinutes", Value: "1426", MustBe: "0, or an integer from 15 to 1425"}}},
		{"a retention that CloudWatch lacks", func(c *Config) { c.LogRetentionDays = 31 },
			config.LogRetention("logRetentionDays", 31)},
		{"an invalid mail address", func(c *Config) { c.AlarmEmails = []string{"ops@example.com", "ops"} },
			problems{{Key: "alarmEmails[1]", Value: `"ops"`, MustBe: "a mail address"}}},
		{"an invalid mail address for warnings", func(c *Config) { c.WarningEmails = []string{""} },
			problems{{Key: "warningEmails[0]", MustBe: "a mail address"}}},
		{"three mistakes at once", func(c *Config) { c.Architecture, c.MemoryMB, c.CacheTTL = "", 0, "soon" },
			problems{
				{Key: "architecture", MustBe: "one of arm64, x86_64"},
				{Key: "memoryMb", Value: "0", MustBe: "an integer from 128 to 10240"},
				{Key: "cacheTtl", Value: `"soon"`, MustBe: "a duration from 1s to 24h, such as 90s or 10m"},
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := defaults(t)
			tt.change(&c)
			if got := c.Validate(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
