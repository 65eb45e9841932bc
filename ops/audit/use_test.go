package audit

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// granting is a stack with a role that may read and write the objects of two buckets.
func granting(name string) *graph.Graph {
	g := &graph.Graph{Project: "didomi", Stack: name}
	s := stack{Graph: g}
	prefix := "didomi-" + name + "-"
	role := s.add(types.Role, prefix+"api-function", nil)
	role.ID = prefix + "api-function-1234567"
	s.add(types.RolePolicy, prefix+"api-function-rights", map[string]any{
		"role": role.ID,
		"policy": `{"Statement":[{"Sid":"Files","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],` +
			`"Resource":["arn:aws:s3:::` + prefix + `files/*","arn:aws:s3:::` + prefix + `logs/*"]},` +
			`{"Sid":"Never","Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}`,
	})
	managed := s.add(types.Policy, prefix+"iam-reading", map[string]any{
		"policy": `{"Statement":[{"Sid":"Lists","Effect":"Allow","Action":"ec2:Describe*","Resource":"*"},` +
			`{"Sid":"Keys","Effect":"Allow","Action":"kms:Decrypt","Resource":"arn:aws:kms:eu:1:key/*"},` +
			`{"Sid":"New","Effect":"Allow","Action":"rds:AddTagsToResource","Resource":"arn:aws:rds:eu:1:db-proxy:${*}"},` +
			`{"Sid":"Own","Effect":"Allow","Action":"kms:Encrypt","Resource":"arn:aws:kms:eu:1:key/*","Condition":{"StringEquals":{"aws:ResourceTag/environment":"` + name + `"}}},` +
			`{"Sid":"Names","Effect":"Allow","Action":"sns:Publish","Resource":"arn:aws:sns:eu:1:` + prefix + `*"}]}`,
	})
	managed.ID = "arn:aws:iam::000000000000:policy/" + prefix + "reading"
	managed.Outputs["arn"] = managed.ID
	s.add(types.RolePolicyAttachment, prefix+"iam-reading", map[string]any{"role": role.ID, "policyArn": managed.ID})
	return g
}

func TestGrantsAreComparedWithTheCalls(t *testing.T) {
	session := func(stack string) string {
		return "arn:aws:sts::000000000000:assumed-role/didomi-" + stack + "-api-function-1234567/i-1"
	}
	read := call{session("dev"), "s3:GetObject", "arn:aws:s3:::didomi-dev-files/a/b", true}
	write := call{session("dev"), "s3:PutObject", "arn:aws:s3:::didomi-dev-logs/a", true}
	list := call{session("dev"), "ec2:DescribeVpcs", "*", true}
	decrypt := call{session("dev"), "kms:Decrypt", "arn:aws:kms:eu:1:key/k", true}
	encrypt := call{session("dev"), "kms:Encrypt", "arn:aws:kms:eu:1:key/k", true}
	// AWS authorizes a call that creates a resource on an ARN with an asterisk.
	tag := call{session("dev"), "rds:AddTagsToResource", "arn:aws:rds:eu:1:db-proxy:*", true}
	publish := func(stack, topic string) call {
		return call{session(stack), "sns:Publish", "arn:aws:sns:eu:1:didomi-" + stack + "-" + topic, true}
	}
	warn, alarm := publish("dev", "api-warnings-02d9563"), publish("prod", "ops-alarms-4ca0f82")
	denied := write
	denied.Allowed = false
	elsewhere := write
	elsewhere.Principal, elsewhere.Resource = session("prod"), "arn:aws:s3:::didomi-prod-logs/a"
	const beyond = "resource arn:aws:kms:eu:1:key/*, which reaches beyond the stack"
	unused := func(what string) string { return what + ", which was never used" }
	for name, c := range map[string]struct {
		calls []call
		want  []string
	}{
		"all grants are used, and one resource is any stack's": {[]call{read, write, list, decrypt, encrypt, warn, alarm}, []string{beyond}},
		"a grant that only the other stack used":               {[]call{read, elsewhere, list, decrypt, encrypt, warn, alarm}, []string{beyond}},
		"an action on the one of two buckets": {[]call{read, list, decrypt, encrypt, warn, alarm}, []string{
			unused("action s3:PutObject"), beyond, unused("resource arn:aws:s3:::didomi-{stack}-logs/*"),
		}},
		"a call that was denied": {[]call{read, denied, list, decrypt, encrypt, warn, alarm}, []string{
			unused("action s3:PutObject"), beyond, unused("resource arn:aws:s3:::didomi-{stack}-logs/*"),
		}},
		"a pattern that matches nothing": {[]call{read, write, decrypt, encrypt, warn, alarm}, []string{
			unused("action ec2:Describe*"), unused("resource *"), beyond,
		}},
		"names of one component alone": {[]call{read, write, list, decrypt, encrypt, warn, publish("prod", "api-warnings-4ca0f82")}, []string{
			beyond, "resource arn:aws:sns:eu:1:didomi-{stack}-*, which was used no wider than arn:aws:sns:eu:1:didomi-{stack}-api-warnings-*",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range use([]*graph.Graph{granting("dev"), granting("prod")}, append(c.calls, tag)).findings {
				what, _, _ := strings.Cut(strings.TrimPrefix(f.What, "grants the "), ", by the statement")
				got = append(got, what)
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestTheTableNamesTheReasonOfEachGrant(t *testing.T) {
	found := []Finding{
		{Rule: useRule, What: "a", usage: &usage{"deploy", grant{"p", "Change", "action", "ec2:DetachNetworkInterface"}, "was never used"}},
		{Rule: useRule, What: "b", usage: &usage{"deploy", grant{"p", "Change", "action", "ec2:CreateVpc"}, "was never used"}},
		{Rule: "tags", What: "c"},
	}
	var out strings.Builder
	printUse(&out, []judged{{found[0], "Lambda leaves interfaces. The emulator has none."}, {found[1], ""}, {found[2], ""}})
	want := `role    grants                      by      which           stays because
deploy  ec2:DetachNetworkInterface  Change  was never used  Lambda leaves interfaces
deploy  ec2:CreateVpc               Change  was never used  OPEN: no reason given
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestAReasonForAUsedGrantIsStale(t *testing.T) {
	list := []acceptance{
		{Rule: useRule, Resource: "*-network", What: texts{"ec2:CreateVpc", "ec2:CreateRoute"}},
		{Rule: useRule, Stack: "prod", Resource: "*", What: texts{"ec2:CreateSubnet"}},
		{Rule: "tags", Resource: "*", What: texts{"no tag"}},
	}
	found := []Finding{{Rule: useRule, Resource: "type didomi-network", What: "grants the action ec2:CreateRouteTable, which"}, {
		Rule: useRule, Resource: "type didomi-network", What: "grants the action ec2:CreateVpc, which",
	}}
	old := stale(list, "dev", found)
	if len(old) != 1 || !strings.Contains(old[0].What, "ec2:CreateRoute,") {
		t.Errorf("got %v, want the one about ec2:CreateRoute", old)
	}
}

func TestAnInvalidRecordOfCallsIsRejected(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":    {`{"principal":"a","action":"b","resource":"c"} nonsense`, "entry 2"},
		"no action":  {`{"principal":"a","resource":"c"}`, "entry 1: needs principal, action and resource"},
		"cut short":  {`{"principal":"a","action":"b","resou`, "entry 1"},
		"an account": {`{"principal":7}`, "entry 1"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := readCalls(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q in it", err, c.want)
			}
		})
	}
}

func TestGeneratedIDsAreTheSameInEveryStack(t *testing.T) {
	g := &graph.Graph{Project: "didomi", Stack: "dev"}
	for text, want := range map[string]string{
		"arn:aws:s3:::didomi-dev-data-files-04dc37b/*":                                               "arn:aws:s3:::didomi-{stack}-data-files-{id}/*",
		"arn:aws:kms:eu:1:key/9d3cd860-8624-4abe-939e-b94025262347":                                  "arn:aws:kms:eu:1:key/{id}",
		"arn:aws:rds:eu:1:cluster:didomi-dev-data-cluster-20261124030810377500000017":                "arn:aws:rds:eu:1:cluster:didomi-{stack}-data-cluster-{id}",
		"arn:aws:secretsmanager:eu:1:secret:didomi-dev-data-app-02d9563-59c9f4":                      "arn:aws:secretsmanager:eu:1:secret:didomi-{stack}-data-app-{id}",
		"arn:aws:secretsmanager:eu:1:secret:rds!cluster-9d3cd860-8624-4abe-939e-b94025262347-2ee9ac": "arn:aws:secretsmanager:eu:1:secret:rds!cluster-{id}",
		"arn:aws:s3:::states/.pulumi/stacks/didomi/dev.json*":                                        "arn:aws:s3:::states/.pulumi/stacks/didomi/{stack}.json*",
		"arn:aws:s3:::didomi-prod-data-files-*":                                                      "arn:aws:s3:::didomi-prod-data-files-*",
	} {
		t.Run(text, func(t *testing.T) {
			if got := common(g, text); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		})
	}
}
