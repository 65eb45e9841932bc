package gateway

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// cacheVersions are ElastiCache's; the emulator lacks the newest.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html
var cacheVersions = map[string][]string{
	"redis": {"4.0.10", "5.0.6", "6.0", "6.2", "7.0", "7.1"}, "valkey": {"7.2", "8.0", "8.1", "8.2", "9.0", "9.1"},
}

// answerQuery answers a Query protocol call with that result.
func (x *exchange) answerQuery(result *node) error {
	action := x.form.Get("Action")
	result.name = action + "Result"
	x.status, x.header = http.StatusOK, http.Header{"Content-Type": {"text/xml"}}
	x.answer = (&node{name: action + "Response", children: []*node{result}}).bytes()
	return nil
}

// element is an element of texts, in pairs of name and text.
func element(name string, pairs ...string) *node {
	n := &node{name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		n.set(pairs[i], pairs[i+1])
	}
	return n
}

// holding is a result with one list.
func holding(list string, items []*node) *node {
	return &node{children: []*node{{name: list, children: items}}}
}

// databaseQuotas answers what RDS itself tells of its quotas; the emulator does not know the call.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeAccountAttributes.html
func databaseQuotas(x *exchange) error {
	var quotas []*node
	for name, action := range map[string]string{
		"DBClusters": "CreateDBCluster", "DBInstances": "CreateDBInstance", "DBSubnetGroups": "CreateDBSubnetGroup",
		"DBParameterGroups": "CreateDBParameterGroup", "DBClusterParameterGroups": "CreateDBClusterParameterGroup",
	} {
		used, err := rdsQuotas[action].used(x)
		if err != nil {
			return err
		}
		quotas = append(quotas, element("AccountQuota", "AccountQuotaName", name, "Used", strconv.Itoa(used), "Max", strconv.Itoa(x.g.limits.quota(rdsQuotas[action].key))))
	}
	return x.answerQuery(holding("AccountQuotas", quotas))
}

// databaseVersions leaves out the engine versions that the region lacks.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeDBEngineVersions.html
func databaseVersions(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	if list := answer.first("DBEngineVersions"); list != nil {
		list.children = slices.DeleteFunc(list.children, func(v *node) bool {
			return !x.g.limits.offers(v.value("Engine") + " " + v.value("EngineVersion"))
		})
	}
	x.answer = answer.bytes()
	return nil
}

// databaseClasses answers in which zones a class is offered; the emulator does not know Aurora's.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_DescribeOrderableDBInstanceOptions.html
func databaseClasses(x *exchange) error {
	class := x.form.Get("DBInstanceClass")
	if class == "" || !strings.HasPrefix(x.form.Get("Engine"), "aurora") || !x.succeeded() {
		return nil
	}
	var options []*node
	if x.g.limits.offers(class) {
		zones, err := x.g.admin.query(x.r.Context(), "ec2", ec2Version, map[string]string{"Action": "DescribeAvailabilityZones"})
		if err != nil {
			return fmt.Errorf("the zones of %s: %w", class, err)
		}
		offered := &node{name: "AvailabilityZones"}
		for _, zone := range childTexts(zones, "zoneName") {
			if x.g.limits.offers(class + " " + zone) {
				offered.children = append(offered.children, element("AvailabilityZone", "Name", zone))
			}
		}
		option := element("OrderableDBInstanceOption", "Engine", x.form.Get("Engine"), "EngineVersion", x.form.Get("EngineVersion"), "DBInstanceClass", class)
		option.put(offered)
		options = append(options, option)
	}
	return x.answerQuery(holding("OrderableDBInstanceOptions", options))
}

// cacheEngines answers the versions of a cache engine.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheEngineVersions.html
func cacheEngines(x *exchange) error {
	var versions []*node
	engine := x.form.Get("Engine")
	for _, version := range cacheVersions[engine] {
		if x.g.limits.offers(engine + " " + version) {
			versions = append(versions, element("CacheEngineVersion", "Engine", engine, "EngineVersion", version))
		}
	}
	return x.answerQuery(holding("CacheEngineVersions", versions))
}

// nodeOfferings answers whether nodes of a type can be reserved; the emulator does not know the call.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeReservedCacheNodesOfferings.html
func nodeOfferings(x *exchange) error {
	var offerings []*node
	if nodeType := x.form.Get("CacheNodeType"); x.g.limits.offers(nodeType) {
		offerings = append(offerings, element("ReservedCacheNodesOffering", "ReservedCacheNodesOfferingId", "00000000-0000-0000-0000-000000000000", "CacheNodeType", nodeType))
	}
	return x.answerQuery(holding("ReservedCacheNodesOfferings", offerings))
}
