package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	rdsgw "github.com/didomi/serverless-api/sandbox/gateway/rds"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// trusting is a trust policy for one service, with a condition.
func trusting(service, condition string) string {
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole","Condition":%s}]}`, service, condition)
}

const (
	ofAccount      = `{"StringEquals":{"aws:SourceAccount":"000000000000"}}`
	ofOtherAccount = `{"StringEquals":{"aws:SourceAccount":"111111111111"}}`
)

func from(arn string) string { return `{"ArnLike":{"aws:SourceArn":"` + arn + `"}}` }

// The condition keys that each service sends when it assumes a role: docs/reference/aws-rules.md, IAM, has the sources.
func TestAServiceAssumesARoleWhoseConditionsAreMet(t *testing.T) {
	s := newTestEnv(t, nil)
	functions := "arn:aws:lambda:eu-west-1:000000000000:function:"
	for name, c := range map[string]struct {
		service, condition string
		by                 iampolicy.Caller
		denied             bool
	}{
		"Lambda, by the account":                      {"lambda.amazonaws.com", ofAccount, s.gateway.functions.LambdaCaller("orders"), false},
		"Lambda, by another account":                  {"lambda.amazonaws.com", ofOtherAccount, s.gateway.functions.LambdaCaller("orders"), true},
		"Lambda, by the function's name":              {"lambda.amazonaws.com", from(functions + "ord*"), s.gateway.functions.LambdaCaller("orders"), false},
		"Lambda, by another function":                 {"lambda.amazonaws.com", from(functions + "bills"), s.gateway.functions.LambdaCaller("orders"), true},
		"Lambda, by a key that it does not send":      {"lambda.amazonaws.com", `{"StringEquals":{"sts:ExternalId":"x"}}`, s.gateway.functions.LambdaCaller("orders"), true},
		"Lambda, where the role trusts another":       {"ec2.amazonaws.com", ofAccount, s.gateway.functions.LambdaCaller("orders"), true},
		"RDS Proxy, without a condition":              {"rds.amazonaws.com", `{}`, rdsgw.ProxyCaller, false},
		"RDS Proxy, which does not name the account":  {"rds.amazonaws.com", ofAccount, rdsgw.ProxyCaller, true},
		"RDS Proxy, which does not name the resource": {"rds.amazonaws.com", from("arn:aws:rds:*:*:db-proxy:*"), rdsgw.ProxyCaller, true},
	} {
		t.Run(name, func(t *testing.T) {
			role := role(t, s, "assumed-"+strings.NewReplacer(" ", "-", ",", "", "'", "").Replace(name), trusting(c.service, c.condition))
			_, err := s.gateway.account.Emulator.AssumeRole(t.Context(), role, "session", c.by)
			if untrusted := new(emulator.UntrustedError); errors.As(err, &untrusted) != c.denied || err != nil && !c.denied {
				t.Errorf("got %v, want an UntrustedError: %v", err, c.denied)
			}
		})
	}
	t.Run("a denial overrides an allowance", func(t *testing.T) {
		denial := `,{"Effect":"Deny","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
		arn := role(t, s, "assumed-denied", strings.TrimSuffix(lambdaTrust, "]}")+denial)
		if _, err := s.gateway.Credentials(t.Context(), lambdahost.Function{Name: "orders", RoleARN: arn}); err == nil {
			t.Error("the role was assumed")
		}
	})
}

// Lambda checks the role before it creates a function, for a function in a VPC without aws:SourceArn.
// https://github.com/aws/aws-parallelcluster/pull/6926
func TestAFunctionsRoleMustTrustLambda(t *testing.T) {
	s := newTestEnv(t, nil)
	inVPC := &types.VpcConfig{SubnetIds: []string{subnet(t, s)}}
	client := lambda.NewFromConfig(s.config())
	for n, c := range []struct {
		name, trust string
		vpc         *types.VpcConfig
		message     string
	}{
		{"without a condition", lambdaTrust, inVPC, ""},
		{"of the account", trusting("lambda.amazonaws.com", ofAccount), inVPC, ""},
		{"of the function", trusting("lambda.amazonaws.com", from("arn:aws:lambda:*:000000000000:function:trusted-*")), nil, ""},
		{"of the function, in a VPC", trusting("lambda.amazonaws.com", from("arn:aws:lambda:*:000000000000:function:trusted-*")), inVPC, "execution role doesn't have permission"},
		{"of another account", trusting("lambda.amazonaws.com", ofOtherAccount), nil, "cannot be assumed by Lambda"},
		{"of another function", trusting("lambda.amazonaws.com", from("arn:aws:lambda:*:000000000000:function:other")), nil, "cannot be assumed by Lambda"},
		{"of another service", trusting("rds.amazonaws.com", ofAccount), nil, "cannot be assumed by Lambda"},
	} {
		t.Run("with a role "+c.name, func(t *testing.T) {
			name := fmt.Sprintf("trusted-%d", n)
			arn := role(t, s, name+"-role", c.trust)
			_, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
				FunctionName: &name, Role: &arn, Handler: aws.String("api"), Runtime: types.RuntimeProvidedal2023,
				Code: &types.FunctionCode{ZipFile: zipOf(t, name)}, VpcConfig: c.vpc,
			})
			if c.message == "" && err != nil || c.message != "" && (errorCode(err) != "InvalidParameterValueException" || !strings.Contains(err.Error(), c.message)) {
				t.Errorf("got %v, want %q", err, c.message)
			}
		})
	}
	t.Run("and so must a role that is set later", func(t *testing.T) {
		foreign := role(t, s, "trusted-later", trusting("lambda.amazonaws.com", ofOtherAccount))
		_, err := client.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("trusted-0"), Role: &foreign})
		if errorCode(err) != "InvalidParameterValueException" {
			t.Errorf("got %v", err)
		}
	})
}

func TestAProxyCannotAssumeARoleThatRequiresConditionKeys(t *testing.T) {
	s := newTestEnv(t, nil)
	secret := proxySecret(t, secretsmanager.NewFromConfig(s.config()), "proxy-conditioned", "app", "current")
	arn := role(t, s, "proxy-conditioned", trusting("rds.amazonaws.com", ofAccount))
	_, err := rds.NewFromConfig(s.config()).CreateDBProxy(t.Context(), &rds.CreateDBProxyInput{
		DBProxyName: aws.String("conditioned"), EngineFamily: rdstypes.EngineFamilyPostgresql, RoleArn: &arn,
		VpcSubnetIds: []string{subnet(t, s)}, RequireTLS: aws.Bool(true),
		Auth: []rdstypes.UserAuthConfig{{AuthScheme: rdstypes.AuthSchemeSecrets, SecretArn: &secret, IAMAuth: rdstypes.IAMAuthModeDisabled}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.plane.password(t.Context(), "app"); err == nil {
		t.Error("the proxy assumed the role")
	}
}

func TestAFlowLogFailsIfVPCCannotAssumeItsRole(t *testing.T) {
	s := newTestEnv(t, nil)
	client := ec2.NewFromConfig(s.config())
	condition := `{"StringEquals":{"aws:SourceAccount":"000000000000"},"ArnLike":{"aws:SourceArn":"arn:aws:ec2:eu-west-1:000000000000:vpc-flow-log/*"}}`
	for group, c := range map[string]struct{ trust, status string }{
		"trusting":      {trusting("vpc-flow-logs.amazonaws.com", condition), "SUCCESS"},
		"other-account": {trusting("vpc-flow-logs.amazonaws.com", ofOtherAccount), "FAILED"},
		"other-source":  {trusting("vpc-flow-logs.amazonaws.com", from("arn:aws:ec2:eu-west-1:000000000000:vpc/*")), "FAILED"},
		"other-service": {lambdaTrust, "FAILED"},
	} {
		t.Run("with the role "+group, func(t *testing.T) {
			created, err := client.CreateFlowLogs(t.Context(), &ec2.CreateFlowLogsInput{
				ResourceIds: []string{"vpc-delivered"}, ResourceType: ec2types.FlowLogsResourceTypeVpc, TrafficType: ec2types.TrafficTypeAll,
				LogDestination:           aws.String("arn:aws:logs:eu-west-1:000000000000:log-group:" + group),
				DeliverLogsPermissionArn: aws.String(role(t, s, "flows-"+group, c.trust)),
			})
			if err != nil {
				t.Fatal(err)
			}
			found, err := client.DescribeFlowLogs(t.Context(), &ec2.DescribeFlowLogsInput{FlowLogIds: created.FlowLogIds})
			if err != nil || len(found.FlowLogs) != 1 || aws.ToString(found.FlowLogs[0].DeliverLogsStatus) != c.status {
				t.Fatalf("got %+v, %v; want %s", found, err, c.status)
			}
			if message := aws.ToString(found.FlowLogs[0].DeliverLogsErrorMessage); (message == "Access error") != (c.status == "FAILED") {
				t.Errorf("the error message is %q", message)
			}
		})
	}
}
