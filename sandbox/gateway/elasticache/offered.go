package elasticache

import (
	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// cacheVersions are ElastiCache's engine versions; the emulator lacks the newest.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html
var cacheVersions = map[string][]string{
	"redis": {"4.0.10", "5.0.6", "6.0", "6.2", "7.0", "7.1"}, "valkey": {"7.2", "8.0", "8.1", "8.2", "9.0", "9.1"},
}

// cacheEngines returns the versions of a cache engine.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeCacheEngineVersions.html
func cacheEngines(x *call.Exchange) error {
	var versions []*xmltree.Node
	engine := x.Form.Get("Engine")
	for _, version := range cacheVersions[engine] {
		if x.Limits.Offers(engine + " " + version) {
			versions = append(versions, xmltree.Element("CacheEngineVersion", "Engine", engine, "EngineVersion", version))
		}
	}
	return x.RespondQuery(xmltree.ListResult("CacheEngineVersions", versions))
}

// nodeOfferings returns whether nodes of a type can be reserved; the emulator does not support the call.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference/API_DescribeReservedCacheNodesOfferings.html
func nodeOfferings(x *call.Exchange) error {
	var offerings []*xmltree.Node
	if nodeType := x.Form.Get("CacheNodeType"); x.Limits.Offers(nodeType) {
		offerings = append(offerings, xmltree.Element("ReservedCacheNodesOffering", "ReservedCacheNodesOfferingId", "00000000-0000-0000-0000-000000000000", "CacheNodeType", nodeType))
	}
	return x.RespondQuery(xmltree.ListResult("ReservedCacheNodesOfferings", offerings))
}
