package api

import "testing"

// The web ACL counts what API Gateway has not yet throttled: a client that sends more than it may, and sends
// again after a 429, must get the 429 and not be blocked.
func TestTheWebACLAllowsAnAddressWhatAPlanAllows(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   float64
	}{
		{"twice what the fastest plan allows", func(*Config) {}, 2 * (80*300 + 160)},
		{"what the stack sets", func(c *Config) { c.WAFRateLimit = 30_000 }, 30_000},
		{"without keys, twice what a method allows", func(c *Config) { c.RequireAPIKey = false }, 2 * (100*300 + 200)},
	} {
		t.Run(c.name, func(t *testing.T) {
			args := full(t)
			c.change(&args.Config)
			rules := build(t, args).Find(t, "aws:wafv2/webAcl:WebAcl", testName+"-waf").Inputs["rules"].([]any)
			rate := rules[0].(map[string]any)["statement"].(map[string]any)["rateBasedStatement"].(map[string]any)
			if rate["limit"] != c.want || rate["evaluationWindowSec"] != 300.0 || rate["aggregateKeyType"] != "IP" {
				t.Errorf("%v, want a limit of %v", rate, c.want)
			}
		})
	}
}
