package audit

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
)

// granting is a stack with one role that may read and write the objects of two buckets, and one user
// who may take the role.
func granting(name string) *graph.Graph {
	g := &graph.Graph{Project: "didomi", Stack: name}
	s := stack{Graph: g}
	prefix := "didomi-" + name + "-"
	role := s.add(roleType, prefix+"api-function", nil)
	role.ID = prefix + "api-function-1234567"
	s.add("aws:iam/rolePolicy:RolePolicy", prefix+"api-function-rights", map[string]any{
		"role": role.ID,
		"policy": `{"Statement":[{"Sid":"Files","Effect":"Allow","Action":["s3:GetObject","s3:PutObject"],` +
			`"Resource":["arn:aws:s3:::` + prefix + `files/*","arn:aws:s3:::` + prefix + `logs/*"]},` +
			`{"Sid":"Never","Effect":"Deny","Action":"s3:DeleteObject","Resource":"*"}]}`,
	})
	managed := s.add(policyType, prefix+"iam-reading", map[string]any{
		"policy": `{"Statement":{"Sid":"Lists","Effect":"Allow","Action":"ec2:Describe*","Resource":"*"}}`,
	})
	managed.ID = "arn:aws:iam::000000000000:policy/" + prefix + "reading"
	managed.Outputs["arn"] = managed.ID
	s.add(attachmentType, prefix+"iam-reading", map[string]any{"role": role.ID, "policyArn": managed.ID})
	return g
}

func TestUse(t *testing.T) {
	session := func(stack string) string {
		return "arn:aws:sts::000000000000:assumed-role/didomi-" + stack + "-api-function-1234567/i-1"
	}
	read := call{session("dev"), "s3:GetObject", "arn:aws:s3:::didomi-dev-files/a/b", true}
	write := call{session("dev"), "s3:PutObject", "arn:aws:s3:::didomi-dev-logs/a", true}
	list := call{session("dev"), "ec2:DescribeVpcs", "*", true}
	refused := write
	refused.Allowed = false
	elsewhere := write
	elsewhere.Principal, elsewhere.Resource = session("prod"), "arn:aws:s3:::didomi-prod-logs/a"
	for name, c := range map[string]struct {
		calls []call
		want  []string
	}{
		"what is all used":                    {[]call{read, write, list}, nil},
		"what the other stack used":           {[]call{read, elsewhere, list}, nil},
		"an action on the one of two buckets": {[]call{read, list}, []string{"action s3:PutObject", "resource arn:aws:s3:::didomi-{stack}-logs/*"}},
		"what was only tried":                 {[]call{read, refused, list}, []string{"action s3:PutObject", "resource arn:aws:s3:::didomi-{stack}-logs/*"}},
		"a pattern that matches nothing":      {[]call{read, write}, []string{"action ec2:Describe*", "resource *"}},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, f := range use([]*graph.Graph{granting("dev"), granting("prod")}, c.calls).findings {
				what, _, _ := strings.Cut(strings.TrimPrefix(f.What, "grants the "), " by the statement")
				got = append(got, what)
			}
			slices.Sort(got)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestWhatIsNoRecordOfCallsIsRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"no JSON":    {`{"principal":"a","action":"b","resource":"c"} nonsense`, "entry 2"},
		"no action":  {`{"principal":"a","resource":"c"}`, "entry 1: want principal, action and resource"},
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
