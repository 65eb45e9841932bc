package types

// Types of RDS.
const (
	Cluster               = "aws:rds/cluster:Cluster"
	ClusterInstance       = "aws:rds/clusterInstance:ClusterInstance"
	ClusterParameterGroup = "aws:rds/clusterParameterGroup:ClusterParameterGroup"
	DBParameterGroup      = "aws:rds/parameterGroup:ParameterGroup"
	DBProxy               = "aws:rds/proxy:Proxy"
	DBSubnetGroup         = "aws:rds/subnetGroup:SubnetGroup"
	ProxyTarget           = "aws:rds/proxyTarget:ProxyTarget"
)

var rdsTypes = []Type{
	{
		Token: Cluster, Name: fixed("clusterIdentifier", 63, identifier), Cost: modelled, HoldsData: true, KeyAtRest: "kmsKeyId",
		Replacement: onlyOne("its identifier is fixed, for its log group's"),
		Network:     &Network{Kind: "cluster", SecurityGroups: "vpcSecurityGroupIds", Subnets: "dbSubnetGroupName", SubnetGroup: DBSubnetGroup},
		Label:       Label{"Aurora cluster", "Aurora clusters"},
	},
	{
		Token: ClusterInstance, Name: prefixed("identifier", 63, identifier), Replacement: newName, Cost: modelled,
		KeyAtRest: "performanceInsightsKmsKeyId", PublicSwitch: "publiclyAccessible",
		Label: Label{"database instance", "database instances"},
	},
	{
		Token: DBProxy, Name: fixed("name", 63, identifier), Cost: modelled,
		Replacement: onlyOne("its name is fixed, for its log group's"),
		Network:     &Network{Kind: "proxy", SecurityGroups: "vpcSecurityGroupIds", Subnets: "vpcSubnetIds"},
		Label:       Label{"RDS Proxy", "RDS Proxies"},
	},
	{Token: ClusterParameterGroup, Name: generated("name", 255, identifier), Replacement: newName, Cost: free},
	{Token: DBParameterGroup, Name: generated("name", 255, identifier), Replacement: newName, Cost: free},
	{Token: DBSubnetGroup, Name: generated("name", 255, identifier), Replacement: newName, Cost: free},
	{Token: "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", Name: noName, Replacement: otherTarget, Cost: free},
	{
		Token: ProxyTarget, Name: noName, Cost: free,
		Replacement: onlyOne("a proxy has one target (Aurora user guide, RDS Proxy: limitations)"),
	},
}
