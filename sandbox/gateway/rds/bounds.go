package rds

import (
	"regexp"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateDBCluster":               call.BoundOf("InvalidParameterValue", "DBClusterIdentifier", 63, call.Identifier),
	"CreateDBClusterParameterGroup": call.BoundOf("InvalidParameterValue", "DBClusterParameterGroupName", 255, call.Identifier),
	"CreateDBClusterSnapshot":       call.BoundOf("InvalidParameterValue", "DBClusterSnapshotIdentifier", 63, call.Identifier),
	"CreateDBInstance":              call.BoundOf("InvalidParameterValue", "DBInstanceIdentifier", 63, call.Identifier),
	"CreateDBParameterGroup":        call.BoundOf("InvalidParameterValue", "DBParameterGroupName", 255, call.Identifier),
	"CreateDBProxy":                 call.BoundOf("InvalidParameterValue", "DBProxyName", 63, call.Identifier),
	"CreateDBSubnetGroup":           call.BoundOf("InvalidParameterValue", "DBSubnetGroupName", 255, groupName),
	"DeleteDBCluster":               call.BoundOf("InvalidParameterValue", "FinalDBSnapshotIdentifier", 255, call.Identifier),
	"RestoreDBClusterFromSnapshot":  call.BoundOf("InvalidParameterValue", "DBClusterIdentifier", 63, call.Identifier),
	"RestoreDBClusterToPointInTime": call.BoundOf("InvalidParameterValue", "DBClusterIdentifier", 63, call.Identifier),
}

var groupName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._ -]*$`)
