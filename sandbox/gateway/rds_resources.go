package gateway

import (
	"cmp"
	"context"
	"errors"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// rdsKinds are the kinds of resources by the parameter that names them. AWS makes up the ids of
// proxies and their target groups.
var rdsKinds = map[string]string{
	"DBClusterIdentifier": "cluster", "DBClusterParameterGroupName": "cluster-pg", "DBInstanceIdentifier": "db",
	"DBParameterGroupName": "pg", "DBSubnetGroupName": "subgrp", "DBProxyName": "db-proxy",
	"TargetGroupName":             "target-group",
	"DBClusterSnapshotIdentifier": "cluster-snapshot", "FinalDBSnapshotIdentifier": "cluster-snapshot",
}

func (g *Gateway) namedRDS(ctx context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	all := g.byParameter(x, "rds", rdsKinds)
	if action == "CreateDBCluster" || action == "ModifyDBCluster" {
		managed, err := g.masterPasswordManaged(ctx, action, x)
		if err != nil {
			return nil, err
		}
		for _, resource := range all {
			resource.Keys["rds:managemasteruserpassword"] = []string{managed}
		}
	}
	arn := x.form.Get("ResourceName")
	if arn == "" {
		return all, nil
	}
	answer, err := g.admin.query(ctx, "rds", rdsVersion, map[string]string{"Action": "ListTagsForResource", "ResourceName": arn})
	if err != nil {
		return nil, err
	}
	for _, tag := range answer.first("TagList").items() {
		all[0].Keys["aws:resourcetag/"+strings.ToLower(tag.value("Key"))] = []string{tag.value("Value")}
	}
	return all, nil
}

// masterPasswordManaged is whether RDS manages the master user's password: as the call says, or else as it is.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
func (g *Gateway) masterPasswordManaged(ctx context.Context, action string, x *exchange) (string, error) {
	if said := x.form.Get("ManageMasterUserPassword"); said != "" || action != "ModifyDBCluster" {
		return cmp.Or(said, "false"), nil
	}
	cluster, err := g.admin.query(ctx, "rds", rdsVersion, map[string]string{
		"Action": "DescribeDBClusters", "DBClusterIdentifier": x.form.Get("DBClusterIdentifier"),
	})
	var missing *callError
	if errors.As(err, &missing) {
		return "false", nil
	}
	if err != nil {
		return "", err
	}
	return strconv.FormatBool(cluster.first("MasterUserSecret") != nil), nil
}
