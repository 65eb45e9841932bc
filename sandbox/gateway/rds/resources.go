package rds

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// kinds are RDS's resource types by the parameter that names a resource. AWS generates the IDs of proxies and their
// target groups.
var kinds = map[string]string{
	"DBClusterIdentifier": "cluster", "DBClusterParameterGroupName": "cluster-pg", "DBInstanceIdentifier": "db",
	"DBParameterGroupName": "pg", "DBSubnetGroupName": "subgrp", "DBProxyName": "db-proxy",
	"TargetGroupName":             "target-group",
	"DBClusterSnapshotIdentifier": "cluster-snapshot", "FinalDBSnapshotIdentifier": "cluster-snapshot",
}

func (s *service) resources(ctx context.Context, action string, x *call.Exchange) ([]iampolicy.Resource, error) {
	all := s.ByParameter(x, "rds", kinds)
	if action == "CreateDBCluster" || action == "ModifyDBCluster" {
		managed, err := s.masterPasswordManaged(ctx, action, x)
		if err != nil {
			return nil, err
		}
		for _, resource := range all {
			resource.Keys["rds:managemasteruserpassword"] = []string{managed}
		}
	}
	arn := x.Form.Get("ResourceName")
	if arn == "" {
		return all, nil
	}
	response, err := s.Emulator.Query(ctx, "rds", version, map[string]string{"Action": "ListTagsForResource", "ResourceName": arn})
	if err != nil {
		return nil, err
	}
	for _, tag := range response.First("TagList").Items() {
		all[0].Keys["aws:resourcetag/"+strings.ToLower(tag.Value("Key"))] = []string{tag.Value("Value")}
	}
	return all, nil
}

// masterPasswordManaged returns whether RDS manages the master user's password: the call's setting, or the current one.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
func (s *service) masterPasswordManaged(ctx context.Context, action string, x *call.Exchange) (string, error) {
	if managed := x.Form.Get("ManageMasterUserPassword"); managed != "" || action != "ModifyDBCluster" {
		return cmp.Or(managed, "false"), nil
	}
	cluster, err := s.Emulator.Query(ctx, "rds", version, map[string]string{
		"Action": "DescribeDBClusters", "DBClusterIdentifier": x.Form.Get("DBClusterIdentifier"),
	})
	var missing *emulator.Error
	if errors.As(err, &missing) {
		return "false", nil
	}
	if err != nil {
		return "", err
	}
	return strconv.FormatBool(cluster.First("MasterUserSecret") != nil), nil
}
