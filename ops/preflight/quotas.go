package preflight

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// quota is one row: a quota of the account, and what a stack needs of it. The codes are on each service's page of the
// AWS General Reference, "Service endpoints and quotas". Service Quotas has the values; the applied one has precedence
// over the default.
type quota struct {
	name string
	// what is counted, in the plural and as AWS calls it.
	what          string
	service, code string
	// needed and used are by scope: everywhere, a zone or a VPC.
	needed func(*graph.Graph) map[string]int
	used   func(context.Context, *account) (map[string]int, error)
	// limit reads the account's quota; nil: from Service Quotas.
	limit func(context.Context, *account) (float64, error)
}

// quotas are all rows except Lambda's, which is not a count.
func quotas() []quota {
	return []quota{
		// https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
		{name: "vpcs", what: "VPCs", service: "vpc", code: "L-F678F1CE",
			needed: created(types.VPC), used: usedVPCs},
		{name: "internet-gateways", what: "internet gateways", service: "vpc", code: "L-A4707A72",
			needed: created(types.InternetGateway), used: usedInternetGateways},
		{name: "elastic-ips", what: "elastic IPs", service: "ec2", code: "L-0263D0A3",
			needed: created(types.EIP), used: usedAddresses},
		{name: "nat-gateways", what: "NAT gateways of a zone", service: "vpc", code: "L-FE5A380F",
			needed: natGateways, used: usedNATGateways},
		{name: "interface-endpoints", what: "interface endpoints of a VPC", service: "vpc", code: "L-29B6F2EB",
			needed: interfaceEndpoints, used: usedInterfaceEndpoints},
		{name: "gateway-endpoints", what: "gateway endpoints", service: "vpc", code: "L-1B52E74A",
			needed: gatewayEndpoints, used: usedGatewayEndpoints},
		{name: "security-groups", what: "security groups", service: "vpc", code: "L-E79EC296",
			needed: created(types.SecurityGroup), used: usedSecurityGroups},
		// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-account-quotas.html
		{name: "rest-apis", what: "regional REST APIs", service: "apigateway", code: "L-AA0FF27B",
			needed: created(types.RestAPI), used: usedAPIs},
		{name: "domain-names", what: "custom domain names", service: "apigateway", code: "L-A93447B8",
			needed: created(types.DomainName), used: usedDomainNames},
		{name: "usage-plans", what: "usage plans", service: "apigateway", code: "L-E8693075",
			needed: created(types.UsagePlan), used: usedPlans},
		// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/quota-limits.html
		{name: "cache-nodes", what: "cache nodes", service: "elasticache", code: "L-DFE45DF3",
			needed: cacheNodes, used: usedCacheNodes},
		// https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
		{name: "database-proxies", what: "database proxies", service: "rds", code: "L-D94C7EA3",
			needed: created(types.DBProxy), used: usedProxies},
		rdsRow("database-clusters", "database clusters", "DBClusters", "L-952B80B8", types.Cluster),
		rdsRow("database-instances", "database instances", "DBInstances", "L-7B6409FD",
			types.ClusterInstance, "aws:rds/instance:Instance"),
		rdsRow("database-subnet-groups", "database subnet groups", "DBSubnetGroups", "L-48C6BF61", types.DBSubnetGroup),
		rdsRow("database-parameter-groups", "database parameter groups", "DBParameterGroups", "L-DE55804A", types.DBParameterGroup),
		rdsRow("cluster-parameter-groups", "cluster parameter groups", "DBClusterParameterGroups", "L-E4C808A8", types.ClusterParameterGroup),
		// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
		iamRow("roles", "IAM roles", "Roles", "L-FE177D64", types.Role),
		iamRow("policies", "IAM policies", "Policies", "L-E95E4862", types.Policy),
	}
}

// check compares what is needed with what is left.
func (q quota) check(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	needed := q.needed(g)
	if len(needed) == 0 {
		return nil, nil
	}
	used, err := q.used(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("count the %s: %w", q.what, err)
	}
	limit, err := q.value(ctx, a)
	if err != nil {
		return nil, fmt.Errorf("read the quota of %s (%s %s): %w", q.what, q.service, q.code, err)
	}
	var missing []Finding
	for _, scope := range slices.Sorted(maps.Keys(needed)) {
		sum := used[scope] + needed[scope]
		if sum <= int(limit) {
			continue
		}
		place := ""
		if scope != everywhere {
			place = " in " + scope
		}
		missing = append(missing, Finding{
			What: fmt.Sprintf("the stack needs %d more %s%s; %d of %d are used", needed[scope], q.what, place, used[scope], int(limit)),
			Do:   a.increase(q.service, q.code, sum),
		})
	}
	return missing, nil
}

func (q quota) value(ctx context.Context, a *account) (float64, error) {
	if q.limit != nil {
		return q.limit(ctx, a)
	}
	return a.quota(ctx, q.service, q.code)
}

// attribute is a quota that a service itself reports, with its use.
type attribute struct{ used, limit int64 }

// reported is a row of such a quota.
func reported(name, what, service, code string, needed func(*graph.Graph) map[string]int, read func(context.Context, *account) (attribute, error)) quota {
	return quota{
		name: name, what: what, service: service, code: code, needed: needed,
		used: func(ctx context.Context, a *account) (map[string]int, error) {
			value, err := read(ctx, a)
			return map[string]int{everywhere: int(value.used)}, err
		},
		limit: func(ctx context.Context, a *account) (float64, error) {
			value, err := read(ctx, a)
			return float64(value.limit), err
		},
	}
}
