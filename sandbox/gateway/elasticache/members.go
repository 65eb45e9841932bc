package elasticache

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Member is a node of a replication group: a cluster of one node, primary or replica of a shard.
type Member struct {
	Cluster, Group string
	Shard          int // from 1
}

// Members lists the nodes of all replication groups, from memory until one may have changed.
func Members(ctx context.Context, a *call.Account) ([]Member, error) {
	return emulator.Lookup(a.Lookups, "elasticache", "members", func() ([]Member, error) {
		response, err := a.Emulator.Query(ctx, "elasticache", version, map[string]string{"Action": "DescribeReplicationGroups"})
		if err != nil {
			return nil, fmt.Errorf("list the nodes of replication groups: %w", err)
		}
		var list []Member
		response.Each("ReplicationGroup", func(group *xmltree.Node) {
			id := group.Value("ReplicationGroupId")
			for _, cluster := range group.Child("MemberClusters").Texts() {
				if shard, ok := shardOf(id, cluster); ok {
					list = append(list, Member{cluster, id, shard})
				}
			}
		})
		return list, nil
	})
}

// shardOf returns the shard in the name of a node: GROUP-SHARD-NODE.
func shardOf(group, cluster string) (int, bool) {
	rest, ok := strings.CutPrefix(cluster, group+"-")
	number, _, both := strings.Cut(rest, "-")
	shard, err := strconv.Atoi(number)
	return shard, ok && both && err == nil
}
