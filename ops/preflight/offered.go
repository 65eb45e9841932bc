package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	rdstypes "github.com/aws/aws-sdk-go-v2/service/rds/types"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// zones are those of the stack's subnets; of the new ones alone where onlyNew is true.
func zones(g *graph.Graph, onlyNew bool) []string {
	var all []string
	for _, subnet := range g.ByType(types.Subnet) {
		zone := subnet.Text("availabilityZone")
		if subnet.Op == "delete" || onlyNew && subnet.Op != "create" || zone == "" || zone == graph.Unknown || slices.Contains(all, zone) {
			continue
		}
		all = append(all, zone)
	}
	slices.Sort(all)
	return all
}

// zonesAvailable checks that the zones of new subnets are available to the account.
func zonesAvailable(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	wanted := zones(g, true)
	if len(wanted) == 0 {
		return nil, nil
	}
	list, err := a.ec2.DescribeAvailabilityZones(ctx, &ec2.DescribeAvailabilityZonesInput{})
	if err != nil {
		return nil, fmt.Errorf("list the zones: %w", err)
	}
	var available []string
	for _, zone := range list.AvailabilityZones {
		if zone.State == "available" {
			available = append(available, aws.ToString(zone.ZoneName))
		}
	}
	var missing []Finding
	for _, zone := range wanted {
		if !slices.Contains(available, zone) {
			missing = append(missing, Finding{
				What: fmt.Sprintf("the zone %s is not available to the account; these are: %s", zone, strings.Join(available, ", ")),
				Do:   "set <project>:network zoneNames to zones that are",
			})
		}
	}
	return missing, nil
}

// database is an instance class with the engine version that it runs.
type database struct{ engine, version, class string }

// databaseOffered checks that RDS offers the engine version, the class in each of the stack's zones, and the upgrade.
func databaseOffered(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	var wanted []database
	for _, instance := range g.ByType(types.ClusterInstance) {
		d := database{instance.Text("engine"), instance.Text("engineVersion"), instance.Text("instanceClass")}
		// The version of an instance is its cluster's.
		for _, cluster := range g.RefsTo(instance, "clusterIdentifier", types.Cluster) {
			d.engine, d.version = cluster.Text("engine"), cluster.Text("engineVersion")
			if changes(cluster, "engineVersion") && !slices.Contains(wanted, d) {
				wanted = append(wanted, d)
			}
		}
		if changes(instance, "instanceClass", "engineVersion") && !slices.Contains(wanted, d) {
			wanted = append(wanted, d)
		}
	}
	var missing []Finding
	for _, d := range wanted {
		found, err := a.lacksDatabase(ctx, d, zones(g, false))
		if err != nil {
			return missing, err
		}
		missing = append(missing, found...)
	}
	if len(missing) > 0 {
		return missing, nil // there is no way to a version that is not available
	}
	for _, cluster := range g.ByType(types.Cluster) {
		found, err := a.lacksUpgrade(ctx, cluster)
		if err != nil {
			return missing, err
		}
		missing = append(missing, found...)
	}
	return missing, nil
}

// lacksUpgrade checks that RDS can upgrade a cluster from its present version to the one of the preview.
func (a *account) lacksUpgrade(ctx context.Context, cluster *graph.Resource) ([]Finding, error) {
	engine, to := cluster.Text("engine"), cluster.Text("engineVersion")
	from, _ := cluster.Before["engineVersion"].(string)
	if from == "" || from == to || cluster.Op != "update" {
		return nil, nil
	}
	// The present version may no longer be available.
	versions, err := a.rds.DescribeDBEngineVersions(ctx, &rds.DescribeDBEngineVersionsInput{Engine: &engine, EngineVersion: &from, IncludeAll: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("read the versions to which %s %s can be upgraded: %w", engine, from, err)
	}
	targets := []string{}
	for _, version := range versions.DBEngineVersions {
		for _, target := range version.ValidUpgradeTarget {
			targets = append(targets, aws.ToString(target.EngineVersion))
		}
	}
	if slices.Contains(targets, to) {
		return nil, nil
	}
	return []Finding{{
		What: fmt.Sprintf("RDS cannot upgrade the cluster %s from %s %s to %s; it can to: %s", cluster.Name, engine, from, to, strings.Join(targets, ", ")),
		Do:   "set <project>:data database.version to one of them, or to the present one (docs/how-to/upgrade-engines.md)",
	}}, nil
}

func (a *account) lacksDatabase(ctx context.Context, d database, stackZones []string) ([]Finding, error) {
	versions, err := a.rds.DescribeDBEngineVersions(ctx, &rds.DescribeDBEngineVersionsInput{Engine: &d.engine, EngineVersion: &d.version})
	if err != nil {
		return nil, fmt.Errorf("read the versions of %s %s: %w", d.engine, d.version, err)
	}
	if !slices.ContainsFunc(versions.DBEngineVersions, func(v rdstypes.DBEngineVersion) bool { return aws.ToString(v.Status) == "available" }) {
		return []Finding{{
			What: fmt.Sprintf("%s %s is not available in %s", d.engine, d.version, a.region),
			Do: fmt.Sprintf("set <project>:data database.version to one that is: aws rds describe-db-engine-versions --region %s --engine %s --query 'DBEngineVersions[].EngineVersion'",
				a.region, d.engine),
		}}, nil
	}
	return a.lacksClass(ctx, d, stackZones)
}

func (a *account) lacksClass(ctx context.Context, d database, stackZones []string) ([]Finding, error) {
	var offered []string
	list := rds.NewDescribeOrderableDBInstanceOptionsPaginator(a.rds, &rds.DescribeOrderableDBInstanceOptionsInput{
		Engine: &d.engine, EngineVersion: &d.version, DBInstanceClass: &d.class,
	})
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("read where %s is offered: %w", d.class, err)
		}
		for _, option := range page.OrderableDBInstanceOptions {
			for _, zone := range option.AvailabilityZones {
				offered = append(offered, aws.ToString(zone.Name))
			}
		}
	}
	if len(offered) == 0 {
		return []Finding{{
			What: fmt.Sprintf("%s with %s %s is not offered in %s", d.class, d.engine, d.version, a.region),
			Do:   "choose another version or region",
		}}, nil
	}
	var missing []Finding
	for _, zone := range stackZones {
		if !slices.Contains(offered, zone) {
			missing = append(missing, Finding{
				What: fmt.Sprintf("%s with %s %s is not offered in the zone %s of the stack", d.class, d.engine, d.version, zone),
				Do:   "set <project>:network zoneNames to zones that offer it",
			})
		}
	}
	return missing, nil
}

// cacheOffered checks that ElastiCache offers engine version and node type. Node types are read from the offerings of
// reserved nodes: no other call lists them for a new group.
func cacheOffered(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	var missing []Finding
	for _, group := range g.ByType(types.ReplicationGroup) {
		if changes(group, "engine", "engineVersion") {
			found, err := a.lacksCacheVersion(ctx, group.Text("engine"), group.Text("engineVersion"))
			if err != nil {
				return missing, err
			}
			missing = append(missing, found...)
		}
		if changes(group, "nodeType") {
			found, err := a.lacksNodeType(ctx, group.Text("nodeType"))
			if err != nil {
				return missing, err
			}
			missing = append(missing, found...)
		}
	}
	return missing, nil
}

func (a *account) lacksCacheVersion(ctx context.Context, engine, version string) ([]Finding, error) {
	var offered []string
	list := elasticache.NewDescribeCacheEngineVersionsPaginator(a.cache, &elasticache.DescribeCacheEngineVersionsInput{Engine: &engine})
	for list.HasMorePages() {
		page, err := list.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list the versions of %s: %w", engine, err)
		}
		for _, v := range page.CacheEngineVersions {
			offered = append(offered, aws.ToString(v.EngineVersion))
		}
	}
	// A version may be listed with its patch level.
	if slices.ContainsFunc(offered, func(v string) bool { return v == version || strings.HasPrefix(v, version+".") }) {
		return nil, nil
	}
	return []Finding{{
		What: fmt.Sprintf("ElastiCache offers no %s %s in %s; it offers %s", engine, version, a.region, strings.Join(offered, ", ")),
		Do:   "set <project>:data cache.version to one of them",
	}}, nil
}

func (a *account) lacksNodeType(ctx context.Context, nodeType string) ([]Finding, error) {
	offerings, err := a.cache.DescribeReservedCacheNodesOfferings(ctx, &elasticache.DescribeReservedCacheNodesOfferingsInput{CacheNodeType: &nodeType})
	if err != nil {
		return nil, fmt.Errorf("read the offerings of the node type %s: %w", nodeType, err)
	}
	if len(offerings.ReservedCacheNodesOfferings) > 0 {
		return nil, nil
	}
	return []Finding{{
		What: fmt.Sprintf("ElastiCache offers no %s in %s, by its offerings of reserved nodes", nodeType, a.region),
		Do:   "set <project>:data cache.nodeType to another one",
	}}, nil
}
