package audit

import (
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

func TestEndpointsAreThoseOfTheServicesThatFunctionsInTheVPCCall(t *testing.T) {
	session := func(role string) string { return "arn:aws:sts::000000000000:assumed-role/" + role + "/i-1" }
	secret := call{session("didomi-prod-api-function-1"), "secretsmanager:GetSecretValue", "*", true}
	file := call{session("didomi-prod-api-function-1"), "s3:GetObject", "*", true}
	for name, c := range map[string]struct {
		calls []call
		want  []string
	}{
		"both endpoints are called": {[]call{secret, file}, nil},
		"what AWS calls in the role's name is no call from the VPC": {
			[]call{secret, file, {secret.Principal, "kms:Decrypt", "*", true}, {secret.Principal, "ec2:CreateNetworkInterface", "*", true}}, nil,
		},
		"another role's calls do not count": {[]call{secret, file, {session("didomi-prod-api-cache-user-1"), "elasticache:ModifyUser", "*", true}}, nil},
		"a service without an endpoint":     {[]call{secret, file, {secret.Principal, "rds:DescribeDBProxyTargets", "*", false}}, []string{"api-function: called rds, which has no VPC endpoint"}},
		"an endpoint that is never called":  {[]call{file}, []string{"network-secretsmanager: no function called secretsmanager"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := stack{&graph.Graph{Project: "didomi", Stack: "prod"}, t}
			role := s.add(types.Role, "api-function-role", nil).URN
			s.Resources[0].ID = "didomi-prod-api-function-1"
			s.add(types.Function, "api-function", map[string]any{"vpcConfig": map[string]any{}, "role": "arn"})
			s.Resources[1].PropertyDependencies = map[string][]string{"role": {role}}
			for _, service := range []string{"secretsmanager", "s3"} {
				s.add(types.VPCEndpoint, "network-"+service, map[string]any{"serviceName": "com.amazonaws.eu-west-1." + service})
			}
			var got []string
			for _, f := range endpointUse([]*graph.Graph{s.Graph}, c.calls).findings {
				_, resource, _ := strings.Cut(f.Resource, " ")
				got = append(got, resource+": "+f.What)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("found %q, want %q", got, c.want)
			}
		})
	}
}
