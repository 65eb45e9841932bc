package policy_test

import (
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// rendered is the document as a resource would get it; empty when it is not known yet.
func rendered(t *testing.T, m mocks.Mocks, document func(unknown pulumi.StringOutput) pulumi.StringOutput) string {
	t.Helper()
	r := m.Run(t, func(ctx *pulumi.Context) error {
		role, err := iam.NewRole(ctx, "role", &iam.RoleArgs{AssumeRolePolicy: policy.Trust("lambda.amazonaws.com")})
		if err != nil {
			return err
		}
		_, err = iam.NewPolicy(ctx, "policy", &iam.PolicyArgs{Policy: document(role.Arn)})
		return err
	})
	text, _ := r.Find(t, "aws:iam/policy:Policy", "policy").Inputs["policy"].(string)
	return text
}

func TestADocumentHasEveryElementOfItsStatements(t *testing.T) {
	const role = "arn:aws:iam:eu-west-1:123456789012:role"
	for name, c := range map[string]struct {
		document func(arn pulumi.StringOutput) pulumi.StringOutput
		want     string
	}{
		"a service may assume a role": {
			func(pulumi.StringOutput) pulumi.StringOutput { return policy.Trust("rds.amazonaws.com") },
			`{"Statement":[{"Action":["sts:AssumeRole"],"Effect":"Allow","Principal":{"Service":"rds.amazonaws.com"}}],"Version":"2012-10-17"}`,
		},
		"a service may assume a role for resources of one account": {
			func(pulumi.StringOutput) pulumi.StringOutput {
				return policy.TrustFrom("lambda.amazonaws.com", "123456789012")
			},
			`{"Statement":[{"Action":["sts:AssumeRole"],"Condition":{"StringEquals":{"aws:SourceAccount":"123456789012"}},` +
				`"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"}}],"Version":"2012-10-17"}`,
		},
		"a service may assume a role for some resources": {
			func(pulumi.StringOutput) pulumi.StringOutput {
				return policy.TrustFrom("vpc-flow-logs.amazonaws.com", "123456789012", "arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*")
			},
			`{"Statement":[{"Action":["sts:AssumeRole"],"Condition":{"ArnLike":{"aws:SourceArn":["arn:aws:ec2:eu-west-1:123456789012:vpc-flow-log/*"]},` +
				`"StringEquals":{"aws:SourceAccount":"123456789012"}},"Effect":"Allow","Principal":{"Service":"vpc-flow-logs.amazonaws.com"}}],"Version":"2012-10-17"}`,
		},
		"a denial with outputs in principal, resources and condition": {
			func(arn pulumi.StringOutput) pulumi.StringOutput {
				return policy.Document(policy.Statement{
					Sid: "No", Deny: true, Actions: []string{"s3:GetObject"},
					Principal: map[string]any{"AWS": arn},
					Resources: []pulumi.StringInput{pulumi.String("a"), arn},
					Condition: map[string]any{"StringEquals": map[string]any{
						"one": arn, "many": []string{"x", "y"}, "both": []pulumi.StringInput{arn, pulumi.String("z")},
					}},
				})
			},
			`{"Statement":[{"Action":["s3:GetObject"],"Condition":{"StringEquals":{"both":["` + role + `","z"],"many":["x","y"],"one":"` + role + `"}},` +
				`"Effect":"Deny","Principal":{"AWS":"` + role + `"},"Resource":["a","` + role + `"],"Sid":"No"}],"Version":"2012-10-17"}`,
		},
		"a denial of everything but some": {
			func(arn pulumi.StringOutput) pulumi.StringOutput {
				return policy.Document(policy.Statement{
					Deny: true, NotActions: []string{"s3:GetObject"}, NotResources: []pulumi.StringInput{arn},
				})
			},
			`{"Statement":[{"Effect":"Deny","NotAction":["s3:GetObject"],"NotResource":["` + role + `"]}],"Version":"2012-10-17"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := rendered(t, mocks.Mocks{}, c.document); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestADocumentOfUnknownResourcesIsUnknownInAPreview(t *testing.T) {
	got := rendered(t, mocks.Mocks{Preview: true}, func(arn pulumi.StringOutput) pulumi.StringOutput {
		return policy.Document(policy.Statement{Actions: []string{"s3:GetObject"}, Resources: []pulumi.StringInput{arn}})
	})
	if got != "" {
		t.Errorf("the preview has the value %s, want an unknown one", got)
	}
}

func TestAKeysOwnerGetsNoWildcardAction(t *testing.T) {
	owner := policy.KeyOwner("arn:aws:iam::123456789012:root")
	for _, action := range owner.Actions {
		if strings.Contains(action, "*") || !strings.HasPrefix(action, "kms:") {
			t.Errorf("the owner may %s", action)
		}
	}
}
