package api

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// Plan is a usage plan; its limits apply to each key separately.
type Plan struct {
	Name string `json:"name"`
	// Rate (requests a second) and Burst (requests).
	Rate  int `json:"rate"`
	Burst int `json:"burst"`
	// QuotaPerDay is how many requests one key may make a day; 0: no quota.
	QuotaPerDay int `json:"quotaPerDay"`
	// Keys name the keys, which AWS generates; a name is taken once in all plans.
	Keys []string `json:"keys"`
	// Throttles hold for one key's requests of single methods. Routes that stream have one by default.
	Throttles []Throttle `json:"throttles"`
}

// highestQuota is well above what a key makes at AWS's highest rate for an account.
const highestQuota = 1_000_000_000

// limits checks the stage's throttle and the WAF limit. 10,000 requests a second in bursts of 5,000 are what AWS
// gives an account and region (Amazon API Gateway quotas).
func (c Config) limits() []config.FieldError {
	return slices.Concat(
		config.Between("throttleRate", c.ThrottleRate, 1, 10000),
		config.Between("throttleBurst", c.ThrottleBurst, 1, 5000),
		c.addressProblems(),
	)
}

// limitProblems checks a rate and a burst that lie within the stage's.
func (c Config) limitProblems(prefix string, rate, burst int) []config.FieldError {
	return slices.Concat(
		config.Between(prefix+".rate", rate, 1, max(1, c.ThrottleRate)),
		config.Between(prefix+".burst", burst, 1, max(1, c.ThrottleBurst)),
	)
}

var namePattern = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$`)

// nameProblems checks that a name is valid within resource names and not yet taken.
func nameProblems(key, name string, taken map[string]bool) []config.FieldError {
	want := ""
	switch {
	case !namePattern.MatchString(name):
		want = "at most 20 lower case letters, digits and hyphens, a letter first"
	case taken[name]:
		want = "a name that no other plan or key has"
	}
	taken[name] = true
	if want == "" {
		return nil
	}
	return []config.FieldError{{Key: key, Value: config.Quote(name), MustBe: want}}
}

func (c Config) planProblems() []config.FieldError {
	var problems []config.FieldError
	plans, keys := map[string]bool{}, map[string]bool{}
	keyed := c.Document.Routes(openapi.Keyed)
	for i, plan := range c.Plans {
		at := fmt.Sprintf("plans[%d]", i)
		problems = slices.Concat(problems,
			nameProblems(at+".name", plan.Name, plans),
			c.limitProblems(at, plan.Rate, plan.Burst),
			config.Between(at+".quotaPerDay", plan.QuotaPerDay, 0, highestQuota),
			methodThrottleProblems(at+".throttles", plan.Throttles, keyed, max(1, plan.Rate), max(1, plan.Burst)))
		for j, key := range plan.Keys {
			problems = append(problems, nameProblems(fmt.Sprintf("%s.keys[%d]", at, j), key, keys)...)
		}
	}
	problems = append(problems, c.planQuotas(len(keys))...)
	if c.RequireAPIKey && len(keys) == 0 {
		problems = append(problems, config.FieldError{Key: "plans", MustBe: "a list with a plan that has a key, while requireApiKey is true"})
	}
	return problems
}

// What an account and region may have: usage plans, which AWS raises on request, and API keys.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
const (
	mostPlans = 300
	mostKeys  = 10000
)

// planQuotas checks the numbers of plans and of keys in all plans.
func (c Config) planQuotas(keys int) []config.FieldError {
	if len(c.Plans) <= mostPlans && keys <= mostKeys {
		return nil
	}
	return []config.FieldError{{
		Key: "plans", Value: fmt.Sprintf("%d plans with %d keys", len(c.Plans), keys),
		MustBe: fmt.Sprintf("at most %d plans and %d keys in all, as an account and region may have", mostPlans, mostKeys),
	}}
}
