package api

import (
	"reflect"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
)

func TestProblems(t *testing.T) {
	type problems = []config.Problem
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   problems
	}{
		{"the defaults are fine", func(*Config) {}, nil},
		{"everything at its least is fine", func(c *Config) {
			c.MemoryMB, c.TimeoutSeconds = 128, 30
			c.CacheTTL, c.StaleTTL, c.NegativeTTL = "1s", "0s", "0s"
			c.ThrottleRate, c.ThrottleBurst, c.UsagePlanRate, c.UsagePlanBurst = 1, 1, 1, 1
			c.WAFRateLimit, c.LogRetentionDays = 100, 1
		}, nil},
		{"an architecture that Lambda lacks", func(c *Config) { c.Architecture = "amd64" },
			problems{{Key: "architecture", Value: `"amd64"`, Want: "one of arm64, x86_64"}}},
		{"too little memory", func(c *Config) { c.MemoryMB = 127 },
			problems{{Key: "memoryMb", Value: "127", Want: "a whole number from 128 to 10240"}}},
		{"too much memory", func(c *Config) { c.MemoryMB = 10241 },
			problems{{Key: "memoryMb", Value: "10241", Want: "a whole number from 128 to 10240"}}},
		{"a time-out that no stream fits in", func(c *Config) { c.TimeoutSeconds = 29 },
			problems{{Key: "timeoutSeconds", Value: "29", Want: "a whole number from 30 to 900"}}},
		{"a time-out beyond Lambda's", func(c *Config) { c.TimeoutSeconds = 901 },
			problems{{Key: "timeoutSeconds", Value: "901", Want: "a whole number from 30 to 900"}}},
		{"a negative reservation", func(c *Config) { c.ReservedConcurrency = -1 },
			problems{{Key: "reservedConcurrency", Value: "-1", Want: "a whole number from 0 to 10000"}}},
		{"more kept warm than is reserved", func(c *Config) { c.ReservedConcurrency, c.ProvisionedConcurrency = 2, 3 },
			problems{{Key: "provisionedConcurrency", Value: "3", Want: "a whole number from 0 to 2"}}},
		{"a lifetime without a unit", func(c *Config) { c.CacheTTL = "60" },
			problems{{Key: "cacheTtl", Value: `"60"`, Want: "a duration from 1s to 24h, such as 90s or 10m"}}},
		{"a cache that keeps nothing", func(c *Config) { c.CacheTTL = "0s" },
			problems{{Key: "cacheTtl", Value: `"0s"`, Want: "a duration from 1s to 24h, such as 90s or 10m"}}},
		{"a negative lifetime", func(c *Config) { c.StaleTTL = "-1s" },
			problems{{Key: "staleTtl", Value: `"-1s"`, Want: "a duration from 0s to 24h, such as 90s or 10m"}}},
		{"a lifetime of more than a day", func(c *Config) { c.NegativeTTL = "25h" },
			problems{{Key: "negativeTtl", Value: `"25h"`, Want: "a duration from 0s to 24h, such as 90s or 10m"}}},
		{"no throttle", func(c *Config) { c.ThrottleRate, c.UsagePlanRate = 0, 1 },
			problems{{Key: "throttleRate", Value: "0", Want: "a whole number from 1 to 10000"}}},
		{"a key that may ask more than all together", func(c *Config) { c.UsagePlanRate, c.UsagePlanBurst = 101, 201 },
			problems{
				{Key: "usagePlanRate", Value: "101", Want: "a whole number from 1 to 100"},
				{Key: "usagePlanBurst", Value: "201", Want: "a whole number from 1 to 200"},
			}},
		{"a negative quota", func(c *Config) { c.QuotaPerDay = -1 },
			problems{{Key: "quotaPerDay", Value: "-1", Want: "a whole number from 0 to 100000000"}}},
		{"a rate that WAF does not count", func(c *Config) { c.WAFRateLimit = 99 },
			problems{{Key: "wafRateLimit", Value: "99", Want: "a whole number from 100 to 20000000"}}},
		{"a retention that CloudWatch lacks", func(c *Config) { c.LogRetentionDays = 31 },
			config.LogRetention("logRetentionDays", 31)},
		{"what is no mail address", func(c *Config) { c.AlarmEmails = []string{"ops@example.com", "ops"} },
			problems{{Key: "alarmEmails", Value: `"ops"`, Want: "a list of mail addresses"}}},
		{"three mistakes at once", func(c *Config) { c.Architecture, c.MemoryMB, c.CacheTTL = "", 0, "soon" },
			problems{
				{Key: "architecture", Want: "one of arm64, x86_64"},
				{Key: "memoryMb", Value: "0", Want: "a whole number from 128 to 10240"},
				{Key: "cacheTtl", Value: `"soon"`, Want: "a duration from 1s to 24h, such as 90s or 10m"},
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Default()
			tt.change(&c)
			if got := c.Problems(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
