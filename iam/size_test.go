package iam

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// IAM's quotas, in characters without white space, and in managed policies of a role.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestPoliciesOfTheLongestNamesAreWithinIAMsQuotas(t *testing.T) {
	const trustLimit, userLimit, attachedLimit = 2048, 2048, 10
	long := Config{
		GitLabURL: "https://gitlab.com", DeployRef: "main", OIDC: oidcExisting,
		SubClaims: slices.Concat(Default().SubClaims, optionalClaims), DeploymentTier: "development", ProjectID: 123456789012,
		StateBucket: strings.Repeat("b", 63), StateKey: "arn:aws-us-gov:kms:ap-southeast-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
	}
	long.ProjectPath = "g/" + strings.Repeat("p", longestTrust-4*len("gitlab.com")-len("main")-len("g/"))
	if problems := long.Validate(); problems != nil {
		t.Fatal(problems)
	}
	off := long
	off.OIDC = oidcOff
	own := long
	own.GitLabURL, own.ProjectID = "https://"+strings.Repeat("g", 60)+".example", 0
	own.ProjectPath = "g/" + strings.Repeat("p", longestTrust-4*len(own.host())-len("main")-len("g/"))
	if problems := own.Validate(); problems != nil {
		t.Fatal(problems)
	}
	for name, c := range map[string]Config{"with tokens of GitLab.com": long, "with tokens of another GitLab": own, "with a key": off} {
		t.Run(name, func(t *testing.T) {
			r := longest(t, c)
			for _, p := range r.OfType("aws:iam/policy:Policy") {
				within(t, p.Name, p.Inputs["policy"], managedPolicyLimit)
			}
			for _, role := range r.OfType("aws:iam/role:Role") {
				within(t, role.Name, role.Inputs["assumeRolePolicy"], trustLimit)
			}
			for _, p := range r.OfType("aws:iam/userPolicy:UserPolicy") {
				within(t, p.Name, p.Inputs["policy"], userLimit)
			}
			attached := map[any]int{}
			for _, a := range r.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
				attached[a.Inputs["role"]]++
			}
			for role, n := range attached {
				if n > attachedLimit {
					t.Errorf("%v has %d managed policies, IAM allows %d", role, n, attachedLimit)
				}
			}
		})
	}
}

// longest creates the component with the longest names, region and partition.
func longest(t *testing.T, c Config) *mocks.Recorder {
	t.Helper()
	return mocks.Longest().Run(t, func(ctx *pulumi.Context) error {
		_, err := New(ctx, mocks.LongestName+"-iam", Args{Config: c, Components: []func(policy.Scope) policy.Permissions{component}, OperationsKeyARN: pulumi.String(operationsKey)})
		return err
	})
}

func within(t *testing.T, name string, document any, limit int) {
	t.Helper()
	text, _ := document.(string)
	size := len(strings.Join(strings.FieldsFunc(text, unicode.IsSpace), ""))
	if size == 0 || size > limit {
		t.Errorf("the document of %s has %d characters, IAM allows %d", name, size, limit)
	}
	t.Logf("%s: %d of %d", name, size, limit)
}
