package gateway

import "regexp"

// elasticacheBounds are those of the calls that give something its physical name, of the API reference;
// those of users and their groups are in none, but are what the API refuses
// (https://github.com/aws/aws-cdk/pull/36459).
var elasticacheBounds = map[string]boundedCall{
	"CreateCacheParameterGroup": boundOf("InvalidParameterValue", "CacheParameterGroupName", 255, identifier),
	"CreateCacheSubnetGroup":    boundOf("InvalidParameterValue", "CacheSubnetGroupName", 255, userID),
	"CreateReplicationGroup":    boundOf("InvalidParameterValue", "ReplicationGroupId", 40, identifier),
	"CreateUser":                boundOf("InvalidParameterValue", "UserId", 40, userID),
	"CreateUserGroup":           boundOf("InvalidParameterValue", "UserGroupId", 40, identifier),
}

var userID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
