package status

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/graph"
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

// databases lists each cluster by its identifier: during a restore there are two.
func (s *stack) databases(ctx context.Context) ([]Item, error) {
	clusters, err := s.clusters(ctx)
	former := s.graph.FormerClusters()
	var items []Item
	for _, c := range clusters {
		what := fmt.Sprintf("%s, instances: %d", aws.ToString(c.EngineVersion), len(c.DBClusterMembers))
		if scaling := c.ServerlessV2ScalingConfiguration; scaling != nil {
			what += fmt.Sprintf(", %g to %g ACU each", aws.ToFloat64(scaling.MinCapacity), aws.ToFloat64(scaling.MaxCapacity))
		}
		name := "database"
		if i := slices.IndexFunc(former, func(r *graph.Resource) bool { return r.ID == aws.ToString(c.DBClusterIdentifier) }); i >= 0 {
			name = "former database"
			what += ", " + formerState(former[i])
		}
		items = append(items, serving(name+" "+aws.ToString(c.DBClusterIdentifier), aws.ToString(c.Status), what))
	}
	return items, err
}

// formerState is the step of the restore that replaced a cluster (docs/how-to/restore-the-database.md).
func formerState(cluster *graph.Resource) string {
	if cluster.Text("tags", "retiring") == "true" {
		return cluster.ID + " is retiring: the restore's last step deletes it"
	}
	return cluster.ID + " is kept by a restore"
}

// clusterList are the clusters as described once, and what prevented it.
type clusterList struct {
	all []rdstypes.DBCluster
	err error
}

// clusters are the stack's database clusters in the account. Several parts of the report need them.
func (s *stack) clusters(ctx context.Context) ([]rdstypes.DBCluster, error) {
	if s.described == nil {
		s.described = &clusterList{}
		s.described.all, s.described.err = s.describeClusters(ctx)
	}
	return s.described.all, s.described.err
}

func (s *stack) describeClusters(ctx context.Context) ([]rdstypes.DBCluster, error) {
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
