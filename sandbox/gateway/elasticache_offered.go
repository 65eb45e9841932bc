package gateway

// cacheVersions are ElastiCache's; the emulator lacks the newest.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/supported-engine-versions.html
var cacheVersions = map[string][]string{
	"redis": {"4.0.10", "5.0.6", "6.0", "6.2", "7.0", "7.1"}, "valkey": {"7.2", "8.0", "8.1", "8.2", "9.0", "9.1"},
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
