package elasticache

import (
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// bounds limit the names of new resources, as the API reference does. Those of users and user groups are not documented,
// but the API enforces them (https://github.com/aws/aws-cdk/pull/36459).
var bounds = map[string]call.BoundedCall{
	"CreateCacheParameterGroup": call.BoundOf("InvalidParameterValue", "CacheParameterGroupName", 255, call.Identifier),
	"CreateCacheSubnetGroup":    call.BoundOf("InvalidParameterValue", "CacheSubnetGroupName", 255, userID),
	"CreateReplicationGroup":    call.BoundOf("InvalidParameterValue", "ReplicationGroupId", 40, call.Identifier),
	"CreateUser":                call.BoundOf("InvalidParameterValue", "UserId", 40, userID),
	"CreateUserGroup":           call.BoundOf("InvalidParameterValue", "UserGroupId", 40, call.Identifier),
}

var userID = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
