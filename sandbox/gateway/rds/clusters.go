package rds

import (
	"context"
	"fmt"
	"strconv"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Members has the instances of a cluster, and the limits of its capacity in ACU; 0: not Serverless v2.
type Members struct {
	Cluster                  string
	Writers, Readers         int
	MinCapacity, MaxCapacity float64
}

// Clusters lists the clusters with their instances, from memory until one may have changed.
func Clusters(ctx context.Context, a *call.Account) ([]Members, error) {
	return emulator.Lookup(a.Lookups, "rds", "clusters", func() ([]Members, error) {
		response, err := a.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "DescribeDBClusters"})
		if err != nil {
			return nil, fmt.Errorf("list the instances of clusters: %w", err)
		}
		var list []Members
		response.Each("DBCluster", func(cluster *xmltree.Node) {
			m := Members{Cluster: cluster.Value("DBClusterIdentifier")}
			cluster.Each("IsClusterWriter", func(writer *xmltree.Node) {
				if writer.Text == "true" {
					m.Writers++
				} else {
					m.Readers++
				}
			})
			if scaling := cluster.Child("ServerlessV2ScalingConfiguration"); scaling != nil {
				m.MinCapacity, m.MaxCapacity = capacity(scaling, "MinCapacity"), capacity(scaling, "MaxCapacity")
			}
			list = append(list, m)
		})
		return list, nil
	})
}

func capacity(scaling *xmltree.Node, name string) float64 {
	number, err := strconv.ParseFloat(scaling.Value(name), 64)
	if err != nil {
		return 0
	}
	return number
}
