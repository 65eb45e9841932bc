package gateway

import "regexp"

// rdsBounds are those of the calls that give something its physical name, of the API reference.
var rdsBounds = map[string]boundedCall{
	"CreateDBCluster":               boundOf("InvalidParameterValue", "DBClusterIdentifier", 63, identifier),
	"CreateDBClusterParameterGroup": boundOf("InvalidParameterValue", "DBClusterParameterGroupName", 255, identifier),
	"CreateDBInstance":              boundOf("InvalidParameterValue", "DBInstanceIdentifier", 63, identifier),
	"CreateDBParameterGroup":        boundOf("InvalidParameterValue", "DBParameterGroupName", 255, identifier),
	"CreateDBProxy":                 boundOf("InvalidParameterValue", "DBProxyName", 63, identifier),
	"CreateDBSubnetGroup":           boundOf("InvalidParameterValue", "DBSubnetGroupName", 255, groupName),
	"DeleteDBCluster":               boundOf("InvalidParameterValue", "FinalDBSnapshotIdentifier", 255, identifier),
}

var groupName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._ -]*$`)
