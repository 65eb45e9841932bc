package gateway

import "testing"

// AssociateWebACL replaces the web ACL that a stage has, and DisassociateWebACL names the stage alone: an
// old association that is deleted after the new one was made takes the new one away.
// https://docs.aws.amazon.com/waf/latest/APIReference/API_AssociateWebACL.html
// https://github.com/pulumi/pulumi-aws/issues/4782
func TestAStageHasOneWebACLWhicheverIsTakenAway(t *testing.T) {
	s := newStand(t, nil)
	const stage = "arn:aws:apigateway:eu-west-1::/restapis/abc/stages/dev"
	call := func(action string, in map[string]any, out any) error {
		return s.gateway.admin.target(t.Context(), "wafv2", "AWSWAF_20190729."+action, in, out)
	}
	associate := func(name string) {
		t.Helper()
		var made struct{ Summary struct{ ARN string } }
		err := call("CreateWebACL", map[string]any{
			"Name": name, "Scope": "REGIONAL", "DefaultAction": map[string]any{"Allow": map[string]any{}},
			"VisibilityConfig": map[string]any{"MetricName": name, "SampledRequestsEnabled": true, "CloudWatchMetricsEnabled": true},
		}, &made)
		if err == nil {
			err = call("AssociateWebACL", map[string]any{"ResourceArn": stage, "WebACLArn": made.Summary.ARN}, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	has := func() string {
		var got struct{ WebACL struct{ Name string } }
		_ = call("GetWebACLForResource", map[string]any{"ResourceArn": stage}, &got) // of none: an error
		return got.WebACL.Name
	}
	associate("old")
	associate("new")
	if got := has(); got != "new" {
		t.Errorf("the stage has the web ACL %q, want the new one in place of the old", got)
	}
	if err := call("DisassociateWebACL", map[string]any{"ResourceArn": stage}, nil); err != nil || has() != "" {
		t.Errorf("the stage has the web ACL %q after a deletion of the old association, %v; want none", has(), err)
	}
}
