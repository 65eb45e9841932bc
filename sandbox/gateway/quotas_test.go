package gateway

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/smithy-go/encoding/cbor"

	cloudwatchgw "github.com/didomi/serverless-api/sandbox/gateway/cloudwatch"
)

// Lambda measures the variables together, as a JSON document.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594
func TestAFunctionsEnvironmentIsLimitedTo4KB(t *testing.T) {
	address, forwarded := upstream(t)
	s := newTestEnv(t, address)
	const overhead = len(`{"A":"","B":""}`)
	for name, c := range map[string]struct {
		method, path string
		size         int
		rejected     bool
	}{
		"a new function with 4096 bytes":        {http.MethodPost, "/2015-03-31/functions", 4096, false},
		"a new function with one more":          {http.MethodPost, "/2015-03-31/functions", 4097, true},
		"a changed configuration with 4096":     {http.MethodPut, "/2015-03-31/functions/f/configuration", 4096, false},
		"a changed configuration with one more": {http.MethodPut, "/2015-03-31/functions/f/configuration", 4097, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := forwarded.Load()
			body := fmt.Sprintf(`{"FunctionName":"f","Environment":{"Variables":{"A":"x","B":%q}}}`, strings.Repeat("b", c.size-overhead-1))
			_, response := sentCall{method: c.method, path: c.path, contentType: "application/json", body: []byte(body)}.send(t, s, "lambda")
			if got := strings.Contains(response, "exceeded the 4KB limit"); got != c.rejected || (forwarded.Load() == before) != c.rejected {
				t.Errorf("rejected %v, %d forwarded: %.200s", got, forwarded.Load()-before, response)
			}
		})
	}
}

// policyOf returns a policy of this many characters, not counting white space.
func policyOf(size int) *string {
	const start, end = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::`, `"}]}`
	return aws.String("\n  " + start + strings.Repeat("x", size-len(start)-len(end)) + end)
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestIAMsQuotasLimitPolicies(t *testing.T) {
	s := newTestEnv(t, nil)
	client, ctx := iam.NewFromConfig(s.config()), t.Context()
	role, user := aws.String("quotas"), aws.String("quotas")
	trust := func(size int) *string {
		const start, end = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"},"Sid":"`, `"}]}`
		return aws.String(start + strings.Repeat("x", size-len(start)-len(end)) + end)
	}
	for _, step := range []struct {
		name     string
		do       func() error
		rejected bool
	}{
		{"a trust policy of 2049 characters is rejected", func() error {
			_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: trust(2049)})
			return err
		}, true},
		{"a trust policy of 2048 characters is accepted", func() error {
			_, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: trust(2048)})
			return err
		}, false},
		{"a trust policy cannot be updated to 2049 characters", func() error {
			_, err := client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: role, PolicyDocument: trust(2049)})
			return err
		}, true},
		{"an inline policy of 10240 characters is accepted", func() error {
			_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("one"), PolicyDocument: policyOf(10240)})
			return err
		}, false},
		{"an inline policy can be replaced by one of that size", func() error {
			_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("one"), PolicyDocument: policyOf(10240)})
			return err
		}, false},
		{"a second inline policy is rejected: the quota is for all together", func() error {
			_, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: aws.String("two"), PolicyDocument: policyOf(200)})
			return err
		}, true},
		{"a user is created", func() error {
			_, err := client.CreateUser(ctx, &iam.CreateUserInput{UserName: user})
			return err
		}, false},
		{"a user's inline policy of 2049 characters is rejected", func() error {
			_, err := client.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: user, PolicyName: aws.String("one"), PolicyDocument: policyOf(2049)})
			return err
		}, true},
		{"a managed policy of 6144 characters is accepted", func() error {
			_, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("quotas-limit"), PolicyDocument: policyOf(6144)})
			return err
		}, false},
		{"a managed policy of 6145 characters is rejected", func() error {
			_, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("quotas-over"), PolicyDocument: policyOf(6145)})
			return err
		}, true},
	} {
		t.Run(step.name, func(t *testing.T) {
			err := step.do()
			if got := errorCode(err) == "LimitExceeded"; got != step.rejected || err != nil && !step.rejected {
				t.Errorf("got %v, want rejected %v", err, step.rejected)
			}
		})
	}
}

// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func TestARoleHasTenManagedPolicies(t *testing.T) {
	s := newTestEnv(t, nil)
	client, ctx := iam.NewFromConfig(s.config()), t.Context()
	role := aws.String("attached")
	trust := aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"lambda.amazonaws.com"}}]}`)
	if _, err := client.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: trust}); err != nil {
		t.Fatal(err)
	}
	for i := 1; i <= 11; i++ {
		created, err := client.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String(fmt.Sprintf("attached-%d", i)), PolicyDocument: policyOf(200)})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // attaching a policy again does not count
			_, err = client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: role, PolicyArn: created.Policy.Arn})
			if rejected := errorCode(err) == "LimitExceeded"; rejected != (i > 10) {
				t.Errorf("policy %d: %v", i, err)
			}
		}
	}
}

// An alarm widget has 1 to 100 ARNs, a graph at most 500 metrics.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
func TestADashboardsWidgetsAreLimited(t *testing.T) {
	address, forwarded := upstream(t)
	s := newTestEnv(t, address)
	for name, c := range map[string]struct {
		member   string
		items    int
		rejected bool
	}{
		"100 alarms": {"alarms", 100, false}, "101 alarms": {"alarms", 101, true},
		"500 metrics": {"metrics", 500, false}, "501 metrics": {"metrics", 501, true},
	} {
		t.Run(name, func(t *testing.T) {
			before := forwarded.Load()
			body := fmt.Sprintf(`{"widgets":[{"type":"x","properties":{%q:[%s]}}]}`, c.member, strings.TrimSuffix(strings.Repeat(`"a",`, c.items), ","))
			_, response := sentCall{method: http.MethodPost, path: cloudwatchgw.Path + "PutDashboard", contentType: "application/cbor",
				body: cbor.Encode(cbor.Map{"DashboardName": cbor.String("d"), "DashboardBody": cbor.String(body)})}.send(t, s, "monitoring")
			if got := strings.Contains(response, "should NOT have more"); got != c.rejected || (forwarded.Load() == before) != c.rejected {
				t.Errorf("rejected %v, %d forwarded: %s", got, forwarded.Load()-before, response)
			}
		})
	}
}
