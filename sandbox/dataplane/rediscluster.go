package dataplane

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// slots is the number of hash slots of a Redis cluster.
const slots = 16384

// clusterTimeout bounds the time until all nodes report a working cluster.
const clusterTimeout = 30 * time.Second

// formCluster joins the nodes into one cluster and distributes the slots evenly.
func formCluster(ctx context.Context, nodes []*redisNode, buses []uint16) error {
	for i, node := range nodes {
		first, last := i*slots/len(nodes), (i+1)*slots/len(nodes)-1
		if err := node.client.ClusterAddSlotsRange(ctx, first, last).Err(); err != nil {
			return fmt.Errorf("assign slots %d-%d to %s: %w", first, last, node.addr, err)
		}
		// With different epochs from the start, the nodes need no vote on them.
		if err := node.client.Do(ctx, "CLUSTER", "SET-CONFIG-EPOCH", i+1).Err(); err != nil {
			return fmt.Errorf("set the epoch of node %s: %w", node.addr, err)
		}
	}
	for i, node := range nodes[1:] {
		meet := nodes[0].client.Do(ctx, "CLUSTER", "MEET",
			node.addr.Addr().String(), node.addr.Port(), buses[i+1])
		if err := meet.Err(); err != nil {
			return fmt.Errorf("join node %s: %w", node.addr, err)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, clusterTimeout)
	defer cancel()
	for _, node := range nodes {
		if err := node.keeper.Process().Await(ctx, func(ctx context.Context) error { return clusterReady(ctx, node.client, len(nodes)) }); err != nil {
			return fmt.Errorf("form the Redis cluster: %w", err)
		}
	}
	return nil
}

// clusterReady returns nil if the node reports that the whole cluster works.
func clusterReady(ctx context.Context, client *redis.Client, nodes int) error {
	info, err := client.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	for _, want := range []string{"cluster_state:ok", fmt.Sprintf("cluster_slots_ok:%d", slots), fmt.Sprintf("cluster_size:%d", nodes)} {
		if !strings.Contains(info, want) {
			return fmt.Errorf("cluster info lacks %s", want)
		}
	}
	return nil
}
