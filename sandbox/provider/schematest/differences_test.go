package schematest

import (
	"slices"
	"strings"
)

// removed are the properties that the SDK still has, deprecated, and that the
// upstream version here, one major version younger, no longer has. A program
// that relies on one of them cannot be tried in the sandbox.
var removed = map[string][]string{
	"aws:apigateway/account:Account": {"resetOnDelete"},
	"aws:apigateway/deployment:Deployment": {
		"canarySettings", "executionArn", "invokeUrl", "stageDescription", "stageName",
	},
	"aws:ec2/eip:Eip":                                         {"vpc"},
	"aws:ec2/flowLog:FlowLog":                                 {"logGroupName"},
	"aws:ec2/getLaunchTemplate:getLaunchTemplate":             {"elasticGpuSpecifications", "elasticInferenceAccelerators"},
	"aws:ec2/getVpcPeeringConnection:getVpcPeeringConnection": {"peerRegion", "region"},
	"aws:ec2/instance:Instance":                               {"cpuCoreCount", "cpuThreadsPerCore"},
	"aws:ec2/launchTemplate:LaunchTemplate":                   {"elasticGpuSpecifications", "elasticInferenceAccelerator"},
	"aws:ec2/spotInstanceRequest:SpotInstanceRequest":         {"blockDurationMinutes", "cpuCoreCount", "cpuThreadsPerCore"},
	"aws:rds/instance:Instance":                               {"name"},
	"aws:ssm/association:Association":                         {"instanceId"},
	"pulumi:providers:aws": {
		"endpoints[].iotanalytics", "endpoints[].iotevents", "endpoints[].lookoutmetrics", "endpoints[].opsworks",
		"endpoints[].sdb", "endpoints[].simpledb", "endpoints[].worklink",
	},
}

// isRemoved says whether a difference is one of removed's.
func isRemoved(difference string) bool {
	where, what, _ := strings.Cut(difference, ": missing")
	token, path, ok := strings.Cut(where, " ")
	_, property, dotted := strings.Cut(path, ".")
	return what != "" && ok && dotted && slices.Contains(removed[token], property)
}
