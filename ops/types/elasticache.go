package types

// Types of ElastiCache.
const (
	CacheSubnetGroup = "aws:elasticache/subnetGroup:SubnetGroup"
	ReplicationGroup = "aws:elasticache/replicationGroup:ReplicationGroup"
)

var elasticacheTypes = []Type{
	{
		Token: ReplicationGroup, Name: generated("replicationGroupId", 40, identifier), Replacement: newName, Cost: modelled,
		HoldsData: true, KeyAtRest: "kmsKeyId",
		Network: &Network{Kind: "cache", SecurityGroups: "securityGroupIds", Subnets: "subnetGroupName", SubnetGroup: CacheSubnetGroup},
		Label:   Label{"cache", "caches"},
	},
	{Token: CacheSubnetGroup, Name: generated("name", 255, identifier), Replacement: newName, Cost: free},
	{Token: "aws:elasticache/parameterGroup:ParameterGroup", Name: generated("name", 255, identifier), Replacement: newName, Cost: free},
	{Token: "aws:elasticache/user:User", Name: fixed("userId", 40, identifier), Replacement: oldGoes, Cost: free},
	{Token: "aws:elasticache/userGroup:UserGroup", Name: fixed("userGroupId", 40, identifier), Replacement: oldGoes, Cost: free},
}
