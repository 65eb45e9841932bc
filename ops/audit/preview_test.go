package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// unmade is the sound stack in a preview before its first update: without ids, and what depends on them is unknown.
func unmade(t *testing.T) stack {
	t.Helper()
	s := sound(t)
	for i := range s.Resources {
		r := &s.Resources[i]
		madeFrom := map[string][]string{}
		for input := range r.Inputs {
			for _, o := range s.Refs(r, input) {
				madeFrom[input] = append(madeFrom[input], o.URN)
			}
		}
		r.Op, r.PropertyDependencies = "create", madeFrom
	}
	for i := range s.Resources {
		r := &s.Resources[i]
		r.ID, r.Outputs = "", map[string]any{}
		for input := range r.PropertyDependencies {
			r.Inputs[input] = graph.Unknown
		}
	}
	return s
}

func TestAPreviewOfANewStackIsJudgedByTheDependenciesOfItsValues(t *testing.T) {
	s := unmade(t)
	found, facts := Check(s.Graph)
	for _, f := range found {
		t.Errorf("%+v", f)
	}
	if len(facts["reachability"]) == 0 {
		t.Error("no host can connect to another")
	}
	for _, token := range []string{types.SecurityGroupEgressRule, types.SecurityGroupIngressRule} {
		owner, peer := "network-lambda", "network-cluster"
		if token == types.SecurityGroupIngressRule {
			owner, peer = peer, owner
		}
		rule := s.add(token, owner, map[string]any{
			"securityGroupId": graph.Unknown, "referencedSecurityGroupId": graph.Unknown,
			"ipProtocol": "tcp", "fromPort": 5432.0, "toPort": 5432.0,
		})
		rule.PropertyDependencies = map[string][]string{
			"securityGroupId":           {s.one(types.SecurityGroup, owner).URN},
			"referencedSecurityGroupId": {s.one(types.SecurityGroup, peer).URN},
		}
	}
	found, _ = Check(s.Graph)
	if len(found) != 1 || found[0].What != "can open port 5432 to the cluster didomi-prod-data-cluster" {
		t.Errorf("found %v, want the path past the proxy", found)
	}
}
