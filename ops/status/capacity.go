package status

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/types"
)

// available is the status of a cluster and of a cache that serve.
const available = "available"

// capacity lists what database, cache and function may use. What they use is in metrics: the dashboard shows it.
func capacity(ctx context.Context, s *stack) ([]Item, error) {
	var items []Item
	for _, read := range []func(context.Context) ([]Item, error){s.databases, s.caches, s.concurrency} {
		found, err := read(ctx)
		items = append(items, found...)
		if err != nil {
			return items, err
		}
	}
	return items, nil
}

// databases names each cluster: during a restore there are two.
func (s *stack) databases(ctx context.Context) ([]Item, error) {
	clusters, err := s.clusters(ctx)
	var items []Item
	for _, c := range clusters {
		what := fmt.Sprintf("%s, instances: %d", aws.ToString(c.EngineVersion), len(c.DBClusterMembers))
		if scaling := c.ServerlessV2ScalingConfiguration; scaling != nil {
			what += fmt.Sprintf(", %g to %g ACU each", aws.ToFloat64(scaling.MinCapacity), aws.ToFloat64(scaling.MaxCapacity))
		}
		items = append(items, serving("database "+aws.ToString(c.DBClusterIdentifier), aws.ToString(c.Status), what))
	}
	return items, err
}

// clusters are the stack's database clusters in the account.
func (s *stack) clusters(ctx context.Context) ([]rdstypes.DBCluster, error) {
	var all []rdstypes.DBCluster
	for _, r := range s.graph.ByType(types.Cluster) {
		found, err := s.rds.DescribeDBClusters(ctx, &rds.DescribeDBClustersInput{DBClusterIdentifier: &r.ID})
		if err != nil {
			return all, deployed.Failed(err, "read the database "+r.ID, "rds:DescribeDBClusters")
		}
		all = append(all, found.DBClusters...)
	}
	return all, nil
}

// serving is the item of a database or a cache by its status.
func serving(name, status, what string) Item {
	if status == available {
		return Item{Name: name, State: OK, What: what}
	}
	return Item{Name: name, State: Warning, What: "it is " + status + "; " + what, Do: "see its events in the console"}
}

func (s *stack) caches(ctx context.Context) ([]Item, error) {
	var items []Item
	for _, r := range s.graph.ByType(types.ReplicationGroup) {
		found, err := s.cache.DescribeReplicationGroups(ctx, &elasticache.DescribeReplicationGroupsInput{ReplicationGroupId: &r.ID})
		if err != nil {
			return items, deployed.Failed(err, "read the cache "+r.ID, "elasticache:DescribeReplicationGroups")
		}
		for _, g := range found.ReplicationGroups {
			what := fmt.Sprintf("%s %s, shards: %d, nodes: %d of %s", aws.ToString(g.Engine), r.Text("engineVersion"), len(g.NodeGroups), len(g.MemberClusters), aws.ToString(g.CacheNodeType))
			items = append(items, serving("cache", aws.ToString(g.Status), what))
		}
	}
	return items, nil
}

// concurrency lists how many executions the function that serves requests may have.
func (s *stack) concurrency(ctx context.Context) ([]Item, error) {
	var items []Item
	for _, r := range s.graph.ByType(types.FunctionAlias) {
		name := r.Text("functionName")
		reserved, err := s.lambda.GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: &name})
		if err != nil {
			return items, deployed.Failed(err, "read the concurrency of "+name, "lambda:GetFunctionConcurrency")
		}
		if reserved.ReservedConcurrentExecutions != nil {
			items = append(items, Item{Name: "function", State: OK, What: fmt.Sprintf("%d reserved executions", *reserved.ReservedConcurrentExecutions)})
			continue
		}
		account, err := s.lambda.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
		if err != nil {
			return items, deployed.Failed(err, "read the account's concurrency", "lambda:GetAccountSettings")
		}
		items = append(items, Item{Name: "function", State: OK, What: fmt.Sprintf("the account's %d unreserved executions", aws.ToInt32(account.AccountLimit.UnreservedConcurrentExecutions))})
	}
	return items, nil
}
