package audit

import (
	"slices"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

const routeType = types.Route

// rule adds a rule of one direction between two groups, or to an address.
func (s stack) rule(token, group, peer, cidr string, from, to float64) {
	s.t.Helper()
	inputs := map[string]any{
		"securityGroupId": s.one(types.SecurityGroup, "network-"+group).ID,
		"ipProtocol":      "tcp", "fromPort": from, "toPort": to,
	}
	if peer != "" {
		inputs["referencedSecurityGroupId"] = s.one(types.SecurityGroup, "network-"+peer).ID
	}
	if cidr != "" {
		inputs["cidrIpv4"] = cidr
	}
	s.add(token, group+peer, inputs)
}

// queries adds the function of operators' queries with its security group.
func (s stack) queries() {
	s.t.Helper()
	group := s.add(types.SecurityGroup, "network-query", map[string]any{})
	s.add(types.Function, "api-query", map[string]any{"handler": "query", "vpcConfig": map[string]any{
		"securityGroupIds": []any{group.ID}, "subnetIds": []any{s.one("aws:ec2/subnet:Subnet", "private-1").ID},
	}})
}

func TestHostsReachWhatARequestNeedsAndNothingElse(t *testing.T) {
	check(t, "reachability", map[string]example{
		"a pair of rules past the proxy": {func(s stack) {
			s.rule(types.SecurityGroupEgressRule, "lambda", "cluster", "", 5432, 5432)
			s.rule(types.SecurityGroupIngressRule, "cluster", "lambda", "", 5432, 5432)
		}, []string{"api-function: can open port 5432 to the cluster didomi-prod-data-cluster"}},
		"a rule of one direction alone opens nothing": {func(s stack) {
			s.rule(types.SecurityGroupEgressRule, "lambda", "cluster", "", 5432, 5432)
		}, nil},
		"a range that is wider than its path": {func(s stack) {
			s.set(types.SecurityGroupEgressRule, "lambda-to-cache", "toPort", 6400.0)
			s.set(types.SecurityGroupIngressRule, "lambda-to-cache", "toPort", 6380.0)
		}, []string{
			"api-function: can open port 6379-6380 to the cache didomi-prod-data-cache",
			"api-function: cannot open port 6379 to the cache didomi-prod-data-cache",
		}},
		"every protocol": {func(s stack) {
			s.set(types.SecurityGroupEgressRule, "proxy-to-cluster", "ipProtocol", "-1")
			s.set(types.SecurityGroupIngressRule, "proxy-to-cluster", "ipProtocol", "-1")
		}, []string{
			"data-proxy: can open port 0-65535 to the cluster didomi-prod-data-cluster",
			"data-proxy: cannot open port 5432 to the cluster didomi-prod-data-cluster",
		}},
		"a path in the other direction": {func(s stack) {
			s.rule(types.SecurityGroupEgressRule, "cache", "lambda", "", 443, 443)
			s.rule(types.SecurityGroupIngressRule, "lambda", "cache", "", 443, 443)
		}, []string{"data-cache: can open port 443 to the function didomi-prod-api-function"}},
		"no proxy, and no path to the cluster": {func(s stack) { s.remove(types.DBProxy, "") }, []string{
			"api-function: cannot open port 5432 to the cluster didomi-prod-data-cluster",
		}},
		"the proxy without an ingress rule": {func(s stack) { s.remove(types.SecurityGroupIngressRule, "lambda-to-proxy") }, []string{
			"api-function: cannot open port 5432 to the proxy didomi-prod-data-proxy",
		}},
		"the entire network allowed by address": {func(s stack) {
			s.rule(types.SecurityGroupEgressRule, "lambda", "cluster", "", 5432, 5432)
			s.rule(types.SecurityGroupIngressRule, "cluster", "", "172.16.0.0/16", 0, 65535)
		}, []string{
			"cluster: is open to any address in 172.16.0.0/16",
			"api-function: can open port 5432 to the cluster didomi-prod-data-cluster",
		}},
		"out to the world": {func(s stack) { s.rule(types.SecurityGroupEgressRule, "lambda", "", "0.0.0.0/0", 443, 443) }, []string{
			"lambda: is open to any address in 0.0.0.0/0",
		}},
		"a group of another stack": {func(s stack) {
			s.set(types.SecurityGroupEgressRule, "lambda-to-proxy", "referencedSecurityGroupId", "sg-elsewhere")
		}, []string{
			"api-function: cannot open port 5432 to the proxy didomi-prod-data-proxy",
			"network-lambda-to-proxy: names a resource that is not in the graph",
		}},
		"the cache in no group": {func(s stack) { s.set(types.ReplicationGroup, "", "securityGroupIds", []any{}) }, []string{
			"api-function: cannot open port 6379 to the cache didomi-prod-data-cache",
			"data-cache: has no security group in the graph: it is in the VPC's default one, or in none",
		}},
		"a function of queries that reaches the cluster": {func(s stack) {
			s.queries()
			s.rule(types.SecurityGroupEgressRule, "query", "cluster", "", 5432, 5432)
			s.rule(types.SecurityGroupIngressRule, "cluster", "query", "", 5432, 5432)
		}, nil},
		"a function of queries that reaches the cache instead": {func(s stack) {
			s.queries()
			s.rule(types.SecurityGroupEgressRule, "query", "cache", "", 6379, 6379)
			s.rule(types.SecurityGroupIngressRule, "cache", "query", "", 6379, 6379)
		}, []string{
			"api-query: can open port 6379 to the cache didomi-prod-data-cache",
			"api-query: cannot open port 5432 to the cluster didomi-prod-data-cluster",
		}},
		"a function outside the VPC": {func(s stack) {
			s.add(types.Function, "outside", map[string]any{"handler": "outside"})
		}, []string{"outside: is in no VPC: it can open connections to the whole internet, and no endpoint's policy holds for it"}},
		"an unexpected host": {func(s stack) {
			s.add("aws:ec2/instance:Instance", "bastion", map[string]any{"vpcSecurityGroupIds": []any{s.one(types.SecurityGroup, "lambda").ID}})
		}, []string{"bastion: uses a security group in vpcSecurityGroupIds, which the audit cannot follow"}},
		"a rule of the old kind": {func(s stack) {
			s.add("aws:ec2/securityGroupRule:SecurityGroupRule", "old", map[string]any{"type": "ingress", "cidrBlocks": []any{"0.0.0.0/0"}})
		}, []string{"old: is a rule of the old kind, which the audit does not follow"}},
		"rules inside a group": {func(s stack) {
			s.set(types.DefaultSecurityGroup, "", "egress", []any{map[string]any{"protocol": "-1", "cidrBlocks": []any{"0.0.0.0/0"}}})
		}, []string{"network-default: has rules of its own in egress, which the audit does not follow"}},
		"the default group as AWS creates it": {func(s stack) { s.remove(types.DefaultSecurityGroup, "") }, []string{
			"network-vpc: leaves the default security group as AWS creates it: open within itself and to the internet",
		}},
		"a network ACL": {func(s stack) {
			s.add("aws:ec2/networkAcl:NetworkAcl", "acl", map[string]any{})
		}, []string{"acl: is a network ACL, which the audit does not compute"}},
		"data with a route out of the VPC": {func(s stack) {
			table := s.one(types.RouteTable, "isolated-1").ID
			s.add(routeType, "out", map[string]any{"routeTableId": table, "destinationCidrBlock": "0.0.0.0/0", "natGatewayId": "nat-1"})
		}, []string{
			"data-cache: is in a subnet whose route leads out of the VPC by natGatewayId",
			"data-cluster: is in a subnet whose route leads out of the VPC by natGatewayId",
			"data-proxy: is in a subnet whose route leads out of the VPC by natGatewayId",
		}},
		"a function with a peering": {func(s stack) {
			table := s.one(types.RouteTable, "private-1").ID
			s.add(routeType, "peer", map[string]any{"routeTableId": table, "destinationCidrBlock": "10.0.0.0/8", "vpcPeeringConnectionId": "pcx-1"})
		}, func() []string {
			const what = ": is in a subnet whose route leads out of the VPC by vpcPeeringConnectionId"
			return []string{"api-function" + what, "network-secretsmanager" + what}
		}()},
	})
}

func TestAFunctionReachesAWSWithoutNATOrTheAuditReportsWhyNot(t *testing.T) {
	check(t, "reachability", map[string]example{
		"without any NAT": {func(s stack) {
			s.Resources = slices.DeleteFunc(s.Resources, func(r graph.Resource) bool {
				return r.Type == types.NATGateway || r.Type == routeType && r.Inputs["natGatewayId"] != nil
			})
		}, nil},
		"no endpoint": {func(s stack) { s.remove(types.VPCEndpoint, "network-secretsmanager") }, []string{
			"api-function: does not reach secretsmanager without NAT: no endpoint",
		}},
		"an endpoint without private DNS": {func(s stack) { s.set(types.VPCEndpoint, "network-secretsmanager", "privateDnsEnabled", false) }, []string{
			"api-function: does not reach secretsmanager without NAT: the endpoint has no private DNS, so the service's name resolves to public addresses",
		}},
		"a VPC that resolves no names": {func(s stack) { s.set(types.VPC, "", "enableDnsHostnames", false) }, []string{
			"api-function: does not reach secretsmanager without NAT: the VPC's DNS is off",
		}},
		"an endpoint in no subnet": {func(s stack) { s.set(types.VPCEndpoint, "network-secretsmanager", "subnetIds", []any{}) }, []string{
			"api-function: does not reach secretsmanager without NAT: the endpoint is in no subnet",
		}},
		"an endpoint without an ingress rule": {func(s stack) { s.set(types.SecurityGroupIngressRule, "lambda-to-endpoints", "fromPort", 444.0) }, []string{
			"api-function: cannot open port 443 to the endpoint didomi-prod-network-secretsmanager",
			"api-function: does not reach secretsmanager without NAT: no pair of rules opens port 443 to the endpoint",
		}},
		"S3 not in the function's route table": {func(s stack) {
			s.set(types.VPCEndpoint, "network-s3", "routeTableIds", []any{s.one(types.RouteTable, "isolated-1").ID})
		}, []string{
			"api-function: does not reach s3 without NAT: the endpoint is not in the route table didomi-prod-network-vpc-private-1",
		}},
		"no rule out to S3": {func(s stack) { s.remove(types.SecurityGroupEgressRule, "lambda-to-s3") }, []string{
			"api-function: does not reach s3 without NAT: no rule allows egress to the endpoint's prefix list on port 443",
		}},
	})
}
