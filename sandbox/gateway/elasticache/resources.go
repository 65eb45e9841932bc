package elasticache

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// kinds are ElastiCache's resource types by the parameter that names a resource.
var kinds = map[string]string{
	"CacheParameterGroupName": "parametergroup", "CacheSubnetGroupName": "subnetgroup",
	"ReplicationGroupId": "replicationgroup", "UserId": "user", "UserGroupId": "usergroup",
	"UserGroupIds.member.1": "usergroup",
}

func (s *service) resources(_ context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	return s.ByParameter(x, "elasticache", kinds), nil
}
