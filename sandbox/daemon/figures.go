package daemon

import (
	"context"
	"log/slog"
	"math"
	"slices"
	"time"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// sampler publishes the figures of databases, proxies, caches and replications every minute.
type sampler struct {
	account *account
	log     *slog.Logger
	// earlier are the counters of each node of a cache at the minute before.
	earlier map[string]dataplane.CacheFigures
}

// sample returns the figures. A server that is down publishes none.
func (s *sampler) sample(ctx context.Context) []metrics.Datum {
	databases, err := s.databases(ctx)
	if err != nil {
		s.log.Warn("no metrics of databases", "error", err)
	}
	caches, err := s.caches(ctx)
	if err != nil {
		s.log.Warn("no metrics of caches", "error", err)
	}
	replications, err := s.replications(ctx)
	if err != nil {
		s.log.Warn("no metrics of replications", "error", err)
	}
	return slices.Concat(databases, caches, s.proxies(), replications)
}

// leastCapacity is that of an instance that is not paused.
const leastCapacity = 0.5

// databases returns the figures by role. The sandbox's database does not scale: its capacity is the least of the range, of
// which it is busy with nothing. A reader is the writer's server, so it lags behind by nothing.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/Aurora.AuroraMonitoring.Metrics.html
func (s *sampler) databases(ctx context.Context) (data []metrics.Datum, err error) {
	connections := s.account.plane.Connections()
	clusters, err := s.account.gateway.Clusters(ctx)
	for _, c := range clusters {
		clients, alive := connections[c.Cluster]
		for role, instances := range map[string]int{"WRITER": c.Writers, "READER": c.Readers} {
			if !alive || instances == 0 {
				continue
			}
			dimensions := map[string]string{"DBClusterIdentifier": c.Cluster, "Role": role}
			add := func(name, unit string, value float64) {
				data = append(data, metrics.Datum{Metric: metrics.Metric{Namespace: "AWS/RDS", Name: name, Dimensions: dimensions}, Unit: unit, Value: value})
			}
			if c.MaxCapacity > 0 {
				capacity := max(c.MinCapacity, leastCapacity)
				add("ServerlessDatabaseCapacity", "Count", capacity)
				add("ACUUtilization", "Percent", math.Round(100*capacity/c.MaxCapacity))
			}
			if role == "READER" {
				add("AuroraReplicaLag", "Milliseconds", 0)
				continue
			}
			add("DatabaseConnections", "Count", float64(clients))
		}
	}
	return data, err
}

// replications returns S3's operations since the last call.
func (s *sampler) replications(ctx context.Context) (data []metrics.Datum, err error) {
	operations, err := s.account.gateway.TakeReplications(ctx)
	for _, o := range operations {
		data = append(data, metrics.ReplicationOperation{Source: o.Source, Target: o.Target, Rule: o.Rule, Failed: o.Failed}.Datum())
	}
	return data, err
}

// proxies returns the figures of RDS proxies.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.monitoring.html
func (s *sampler) proxies() (data []metrics.Datum) {
	for _, p := range s.account.plane.ProxyFigures() {
		whole := map[string]string{"ProxyName": p.Name}
		writer := map[string]string{"ProxyName": p.Name, "TargetGroup": "default", "TargetRole": "READ_WRITE"}
		for _, dimensions := range []map[string]string{whole, writer} {
			data = append(data, metrics.Datum{Metric: metrics.Metric{Namespace: "AWS/RDS", Name: "DatabaseConnectionsCurrentlyBorrowed", Dimensions: dimensions}, Unit: "Count", Value: float64(p.Borrowed)})
		}
		for _, took := range p.Latencies {
			data = append(data, metrics.Datum{Metric: metrics.Metric{Namespace: "AWS/RDS", Name: "DatabaseConnectionsBorrowLatency", Dimensions: whole}, Unit: "Microseconds", Value: float64(took / time.Microsecond)})
		}
	}
	return data
}

// caches returns the figures of each member of a replication group. A replica has those of its shard's node.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/CacheMetrics.Redis.html
func (s *sampler) caches(ctx context.Context) (data []metrics.Datum, err error) {
	type node struct {
		group string
		shard int
	}
	figures := map[node]dataplane.CacheFigures{}
	for _, f := range s.account.plane.CacheFigures(ctx) {
		figures[node{f.Group, f.Shard}] = f
	}
	members, err := s.account.gateway.CacheMembers(ctx)
	for _, m := range members {
		f, ok := figures[node{m.Group, m.Shard}]
		if !ok {
			continue
		}
		before := s.earlier[m.Cluster]
		s.earlier[m.Cluster] = f
		dimensions := map[string]string{"CacheClusterId": m.Cluster, "CacheNodeId": "0001"}
		add := func(name, unit string, value float64) {
			data = append(data, metrics.Datum{Metric: metrics.Metric{Namespace: "AWS/ElastiCache", Name: name, Dimensions: dimensions}, Unit: unit, Value: value})
		}
		add("DatabaseMemoryUsagePercentage", "Percent", f.Memory)
		add("CurrConnections", "Count", f.Connections)
		add("Evictions", "Count", since(before.Evictions, f.Evictions))
		add("CacheHits", "Count", since(before.Hits, f.Hits))
		add("CacheMisses", "Count", since(before.Misses, f.Misses))
	}
	return data, err
}

// since is what a counter has counted since an earlier value; a restarted server counts from 0.
func since(before, now float64) float64 {
	if now < before {
		return now
	}
	return now - before
}
