package preflight

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/rds"
)

// pages is a paginator of the SDK.
type pages[Page, Options any] interface {
	HasMorePages() bool
	NextPage(context.Context, ...func(*Options)) (Page, error)
}

// count adds up the counts of all pages of a list.
func count[Page, Options any](ctx context.Context, list pages[Page, Options], add func(Page, map[string]int)) (map[string]int, error) {
	sum := map[string]int{}
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		add(page, sum)
	}
	return sum, nil
}

func usedVPCs(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, ec2.NewDescribeVpcsPaginator(a.ec2, &ec2.DescribeVpcsInput{}),
		func(page *ec2.DescribeVpcsOutput, sum map[string]int) { sum[everywhere] += len(page.Vpcs) })
}

func usedInternetGateways(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, ec2.NewDescribeInternetGatewaysPaginator(a.ec2, &ec2.DescribeInternetGatewaysInput{}),
		func(page *ec2.DescribeInternetGatewaysOutput, sum map[string]int) {
			sum[everywhere] += len(page.InternetGateways)
		})
}

func usedAddresses(ctx context.Context, a *account) (map[string]int, error) {
	list, err := a.ec2.DescribeAddresses(ctx, &ec2.DescribeAddressesInput{})
	if err != nil {
		return nil, err
	}
	return map[string]int{everywhere: len(list.Addresses)}, nil
}

// usedNATGateways are by zone. A gateway counts while it is pending, available or being deleted
// (Amazon VPC quotas, Gateways).
func usedNATGateways(ctx context.Context, a *account) (map[string]int, error) {
	zones := map[string]string{}
	subnets := ec2.NewDescribeSubnetsPaginator(a.ec2, &ec2.DescribeSubnetsInput{})
	for subnets.HasMorePages() {
		page, err := subnets.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, subnet := range page.Subnets {
			zones[aws.ToString(subnet.SubnetId)] = aws.ToString(subnet.AvailabilityZone)
		}
	}
	counted := []ec2types.Filter{{Name: aws.String("state"), Values: []string{"pending", "available", "deleting"}}}
	return count(ctx, ec2.NewDescribeNatGatewaysPaginator(a.ec2, &ec2.DescribeNatGatewaysInput{Filter: counted}),
		func(page *ec2.DescribeNatGatewaysOutput, sum map[string]int) {
			for _, nat := range page.NatGateways {
				sum[zones[aws.ToString(nat.SubnetId)]]++
			}
		})
}

// endpoints lists the VPC endpoints of one type.
func (a *account) endpoints(kind ec2types.VpcEndpointType) *ec2.DescribeVpcEndpointsPaginator {
	return ec2.NewDescribeVpcEndpointsPaginator(a.ec2, &ec2.DescribeVpcEndpointsInput{
		Filters: []ec2types.Filter{{Name: aws.String("vpc-endpoint-type"), Values: []string{string(kind)}}},
	})
}

func usedInterfaceEndpoints(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, a.endpoints(ec2types.VpcEndpointTypeInterface), func(page *ec2.DescribeVpcEndpointsOutput, sum map[string]int) {
		for _, endpoint := range page.VpcEndpoints {
			sum[aws.ToString(endpoint.VpcId)]++
		}
	})
}

func usedGatewayEndpoints(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, a.endpoints(ec2types.VpcEndpointTypeGateway), func(page *ec2.DescribeVpcEndpointsOutput, sum map[string]int) {
		sum[everywhere] += len(page.VpcEndpoints)
	})
}

func usedSecurityGroups(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, ec2.NewDescribeSecurityGroupsPaginator(a.ec2, &ec2.DescribeSecurityGroupsInput{}),
		func(page *ec2.DescribeSecurityGroupsOutput, sum map[string]int) {
			sum[everywhere] += len(page.SecurityGroups)
		})
}

func usedAPIs(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, apigateway.NewGetRestApisPaginator(a.gateway, &apigateway.GetRestApisInput{}),
		func(page *apigateway.GetRestApisOutput, sum map[string]int) { sum[everywhere] += len(page.Items) })
}

func usedDomainNames(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, apigateway.NewGetDomainNamesPaginator(a.gateway, &apigateway.GetDomainNamesInput{}),
		func(page *apigateway.GetDomainNamesOutput, sum map[string]int) { sum[everywhere] += len(page.Items) })
}

func usedPlans(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, apigateway.NewGetUsagePlansPaginator(a.gateway, &apigateway.GetUsagePlansInput{}),
		func(page *apigateway.GetUsagePlansOutput, sum map[string]int) { sum[everywhere] += len(page.Items) })
}

func usedCacheNodes(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, elasticache.NewDescribeCacheClustersPaginator(a.cache, &elasticache.DescribeCacheClustersInput{}),
		func(page *elasticache.DescribeCacheClustersOutput, sum map[string]int) {
			for _, cluster := range page.CacheClusters {
				sum[everywhere] += int(aws.ToInt32(cluster.NumCacheNodes))
			}
		})
}

func usedProxies(ctx context.Context, a *account) (map[string]int, error) {
	return count(ctx, rds.NewDescribeDBProxiesPaginator(a.rds, &rds.DescribeDBProxiesInput{}),
		func(page *rds.DescribeDBProxiesOutput, sum map[string]int) { sum[everywhere] += len(page.DBProxies) })
}

// rdsRow is a row that RDS itself reports.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_AccountQuota.html
func rdsRow(name, what, attributeName, code string, tokens ...string) quota {
	return reported(name, what, "rds", code, created(tokens...), func(ctx context.Context, a *account) (attribute, error) {
		if a.attributes == nil {
			list, err := a.rds.DescribeAccountAttributes(ctx, &rds.DescribeAccountAttributesInput{})
			if err != nil {
				return attribute{}, err
			}
			a.attributes = map[string]attribute{}
			for _, q := range list.AccountQuotas {
				a.attributes[aws.ToString(q.AccountQuotaName)] = attribute{aws.ToInt64(q.Used), aws.ToInt64(q.Max)}
			}
		}
		value, ok := a.attributes[attributeName]
		if !ok {
			return attribute{}, fmt.Errorf("RDS reports no quota %s", attributeName)
		}
		return value, nil
	})
}

// iamRow is a row that IAM itself reports. IAM is global: Service Quotas has it in one region only.
// https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
func iamRow(name, what, key, code, token string) quota {
	return reported(name, what, "iam", code, created(token), func(ctx context.Context, a *account) (attribute, error) {
		summary, err := a.iam.GetAccountSummary(ctx, &iam.GetAccountSummaryInput{})
		if err != nil {
			return attribute{}, err
		}
		limit, ok := summary.SummaryMap[key+"Quota"]
		if !ok {
			return attribute{}, fmt.Errorf("IAM reports no quota %sQuota", key)
		}
		return attribute{int64(summary.SummaryMap[key]), int64(limit)}, nil
	})
}
