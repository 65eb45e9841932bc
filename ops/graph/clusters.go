package graph

import (
	"slices"

	"github.com/didomi/serverless-api/ops/types"
)

// FormerClusters are the database clusters that a restore has replaced and not deleted yet: no proxy and no function
// uses them, and another cluster of the stack is used.
func (g *Graph) FormerClusters() []*Resource {
	users := slices.Concat(g.ByType(types.ProxyTarget), g.ByType(types.Function))
	all := g.ByType(types.Cluster)
	former := slices.DeleteFunc(slices.Clone(all), func(cluster *Resource) bool {
		return slices.ContainsFunc(users, func(user *Resource) bool { return slices.Contains(user.Dependencies, cluster.URN) })
	})
	if len(former) == len(all) {
		return nil
	}
	return former
}

// PresentCluster is the database cluster that is used, or the newest of several that are not; nil: there is none.
func (g *Graph) PresentCluster() *Resource {
	former := g.FormerClusters()
	for _, cluster := range slices.Backward(g.ByType(types.Cluster)) {
		if !slices.Contains(former, cluster) {
			return cluster
		}
	}
	return nil
}
