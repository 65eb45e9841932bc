package gateway

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

var elasticacheKinds = map[string]string{
	"CacheParameterGroupName": "parametergroup", "CacheSubnetGroupName": "subnetgroup",
	"ReplicationGroupId": "replicationgroup", "UserId": "user", "UserGroupId": "usergroup",
	"UserGroupIds.member.1": "usergroup",
}

func (g *Gateway) namedElastiCache(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	return g.byParameter(x, "elasticache", elasticacheKinds), nil
}
