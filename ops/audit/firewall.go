package audit

import (
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// defaultRateWindow is WAF's, in seconds.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_RateBasedStatement.html
const defaultRateWindow = 300

// firewall requires the web ACL to allow an address the requests that every usage plan allows one key. WAF counts
// over a window of seconds, a plan by the second with a burst on top.
func firewall(g *graph.Graph) report {
	var p report
	for _, acl := range g.ByType(types.WebACL) {
		rules, _ := acl.Value("rules").([]any)
		for _, item := range rules {
			rule := &graph.Resource{Outputs: map[string]any{"rule": item}}
			limit, window := rule.Number("rule", "statement", "rateBasedStatement", "limit"), rule.Number("rule", "statement", "rateBasedStatement", "evaluationWindowSec")
			// A rule that counts by another key than the address does not limit an address.
			if key := rule.Text("rule", "statement", "rateBasedStatement", "aggregateKeyType"); limit == 0 || key != "" && key != "IP" {
				continue
			}
			if window == 0 {
				window = defaultRateWindow
			}
			p.fact("%s allows an address %v requests in %v seconds, %.1f a second", acl.Name, limit, window, limit/window)
			judgePlans(g, &p, acl, rule.Text("rule", "name"), limit, window)
		}
	}
	return p
}

func judgePlans(g *graph.Graph, p *report, acl *graph.Resource, rule string, limit, window float64) {
	for _, plan := range g.ByType(types.UsagePlan) {
		rate, burst := plan.Number("throttleSettings", "rateLimit"), plan.Number("throttleSettings", "burstLimit")
		if allowed := rate*window + burst; limit < allowed {
			p.add(acl, "raise wafRateLimit, or set it to 0", "blocks by its rule %s an address with over %v requests in %v seconds, and %s allows a key %v of them (%v a second)",
				rule, limit, window, plan.Name, allowed, rate)
		}
	}
}
