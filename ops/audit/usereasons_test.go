package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// deployable is a stack whose deploy role has a policy with these actions and resources.
func deployable(policyName string, actions, resources []string) *graph.Graph {
	g := &graph.Graph{Project: "didomi", Stack: "dev"}
	s := stack{Graph: g}
	data := s.add("didomi:data:Data", "didomi-dev-data", nil)
	data.Custom = false
	role := s.add(types.Role, "didomi-dev-iam-deploy", nil)
	role.ID = "didomi-dev-iam-deploy-1234567"
	s.add(types.RolePolicy, policyName, map[string]any{"role": role.ID, "policy": `{"Statement":{"Sid":"Change","Effect":"Allow","Action":["` +
		strings.Join(actions, `","`) + `"],"Resource":["` + strings.Join(resources, `","`) + `"]}}`})
	return g
}

func TestAGrantOfTheDeployRoleIsExplainedByARule(t *testing.T) {
	const policy, everything, cluster = "didomi-dev-iam-deploy-data", "arn:aws:rds:eu:1:*:didomi-dev-data-cluster", "arn:aws:rds:eu:1:cluster:didomi-dev-data-cluster"
	for name, c := range map[string]struct {
		policy             string
		actions, resources []string
		used               string
		// explained and open are parts of the findings, with and without a reason.
		explained, open []string
	}{
		"an update of what it has created":      {policy, []string{"rds:CreateDBCluster", "rds:ModifyDBCluster"}, []string{everything}, "rds:CreateDBCluster", []string{"rds:ModifyDBCluster"}, nil},
		"an update of what it has not created":  {policy, []string{"rds:CreateDBCluster", "rds:ModifyDBCluster", "rds:Describe"}, []string{everything}, "rds:Describe", nil, []string{"rds:CreateDBCluster", "rds:ModifyDBCluster"}},
		"an update of another service's":        {policy, []string{"rds:CreateDBCluster", "ec2:ModifyDBCluster"}, []string{everything}, "rds:CreateDBCluster", nil, []string{"ec2:ModifyDBCluster"}},
		"tags removed where it has set some":    {policy, []string{"rds:AddTagsToResource", "rds:RemoveTagsFromResource"}, []string{everything}, "rds:AddTagsToResource", []string{"rds:RemoveTagsFromResource"}, nil},
		"tags removed where it has set none":    {policy, []string{"rds:CreateDBCluster", "rds:UntagResource"}, []string{everything}, "rds:CreateDBCluster", nil, []string{"rds:UntagResource"}},
		"a resource by component":               {policy, []string{"rds:CreateDBCluster"}, []string{cluster, "arn:aws:rds:eu:1:db:didomi-dev-data-*"}, "rds:CreateDBCluster", []string{"db:didomi-{stack}-data-*"}, nil},
		"a resource of no component":            {policy, []string{"rds:CreateDBCluster"}, []string{cluster, "arn:aws:rds:eu:1:db:didomi-dev-*"}, "rds:CreateDBCluster", nil, []string{"db:didomi-{stack}-*"}},
		"any kind of resource of the component": {policy, []string{"rds:CreateDBCluster"}, []string{cluster, "arn:aws:rds:eu:*:x:didomi-dev-data-*"}, "rds:CreateDBCluster", nil, []string{"x:didomi-{stack}-data-*"}},
		"another policy": {"didomi-dev-api-function-rights", []string{"rds:CreateDBCluster", "rds:ModifyDBCluster"}, []string{cluster, "arn:aws:rds:eu:1:db:didomi-dev-data-*"},
			"rds:CreateDBCluster", nil, []string{"rds:ModifyDBCluster", "db:didomi-{stack}-data-*"}},
	} {
		t.Run(name, func(t *testing.T) {
			done := call{"arn:aws:sts::000000000000:assumed-role/didomi-dev-iam-deploy-1234567/i", c.used, cluster, true}
			found := use([]*graph.Graph{deployable(c.policy, c.actions, c.resources)}, []call{done}).findings
			for _, f := range found {
				says := func(what string) bool { return strings.Contains(f.What, what) }
				if explained := slices.ContainsFunc(c.explained, says); explained == (f.reason == "") || explained == slices.ContainsFunc(c.open, says) {
					t.Errorf("%s: the reason is %q", f.What, f.reason)
				}
			}
			if len(found) != len(c.explained)+len(c.open) {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestAnEntryHasPriorityOverARule(t *testing.T) {
	f := Finding{Rule: useRule, Resource: "type didomi-dev-iam-deploy-data", What: "grants the action rds:ModifyDBCluster, which was never used", reason: "by a rule"}
	entry := acceptance{Rule: useRule, Resource: "*-data", What: texts{"rds:ModifyDBCluster"}, Reason: "by an entry"}
	if all := accept([]acceptance{entry}, "dev", []Finding{f}); all[0].reason != "by an entry" {
		t.Errorf("the reason is %q, want the entry's", all[0].reason)
	}
	if all := accept(nil, "dev", []Finding{f}); all[0].reason != "by a rule" {
		t.Errorf("the reason is %q, want the rule's", all[0].reason)
	}
}
