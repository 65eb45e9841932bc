package audit

import (
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
)

// nameProperties hold a physical name that is unique in the account and region, by type; "name" where
// a type is not listed.
var nameProperties = map[string]string{
	bucketType:                            "bucket",
	clusterType:                           "clusterIdentifier",
	instanceType:                          "identifier",
	cacheType:                             "replicationGroupId",
	proxyType:                             "name",
	"aws:elasticache/user:User":           "userId",
	"aws:elasticache/userGroup:UserGroup": "userGroupId",
	"aws:cloudwatch/dashboard:Dashboard":  "dashboardName",
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy": "policyName",
	"aws:codedeploy/application:Application":             "name",
	domainType:                                           "domainName",
}

// elsewhere are types whose "name" is no physical name of the account: it is unique within something
// else, or the same for everyone.
var elsewhere = map[string]string{
	"aws:lambda/alias:Alias":                                  "within a function",
	"aws:iam/rolePolicy:RolePolicy":                           "within a role",
	"aws:iam/userPolicy:UserPolicy":                           "within a user",
	"aws:cloudwatch/logMetricFilter:LogMetricFilter":          "within a log group",
	"aws:route53/record:Record":                               "within a zone",
	"aws:appautoscaling/policy:Policy":                        "within a scalable target",
	"aws:codedeploy/deploymentGroup:DeploymentGroup":          "within an application",
	"aws:apigateway/restApi:RestApi":                          "a label: ids tell them apart",
	"aws:apigateway/usagePlan:UsagePlan":                      "a label: ids tell them apart",
	"aws:apigateway/usagePlanKey:UsagePlanKey":                "of its key",
	"aws:apigateway/model:Model":                              "within an API",
	"aws:apigateway/requestValidator:RequestValidator":        "within an API",
	"aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": "within a proxy: always default",
	"aws:ec2/securityGroup:SecurityGroup":                     "within a VPC",
	defaultGroup:                                              "within a VPC",
}

// executionLogs starts the log groups that API Gateway names after an API's id.
const executionLogs = "API-Gateway-Execution-Logs_"

// names wants every physical name to tell the project and the stack, so that two stacks' names
// differ whatever the resources.
func names(g *graph.Graph) report {
	var p report
	prefix := g.Project + "-" + g.Stack + "-"
	for i := range g.Resources {
		r := &g.Resources[i]
		name := physicalName(r)
		if name == "" || name == graph.Unknown {
			continue
		}
		if r.Type == domainType || r.Type == zoneType {
			if !strings.HasPrefix(name, g.Stack+".") {
				p.add(r, "let it start with the stack's name", "is called %s: another stack may want the same", name)
			}
			continue
		}
		if !tells(name, prefix) && !strings.HasPrefix(name, executionLogs) {
			p.add(r, "let it start with "+prefix+", or leave it to auto-naming", "is called %s: another stack may want the same", name)
		}
	}
	return p
}

// physicalName is what AWS calls the resource in the account and region; "" where it has no such name.
func physicalName(r *graph.Resource) string {
	if !r.Custom || !strings.HasPrefix(r.Type, "aws:") || elsewhere[r.Type] != "" {
		return ""
	}
	property, ok := nameProperties[r.Type]
	if !ok {
		property = "name"
	}
	if name := r.Text(property); name != "" {
		return name
	}
	// Names that the provider makes up from a prefix.
	return r.Text(property + "Prefix")
}

// tells says whether the name starts with the prefix, behind the folders that some services want.
func tells(name, prefix string) bool {
	return slices.ContainsFunc(strings.Split(strings.TrimPrefix(name, "aws-waf-logs-"), "/"), func(part string) bool {
		return strings.HasPrefix(part, prefix)
	})
}

// collisions are the physical names that two stacks both have.
func collisions(g, other *graph.Graph) []Finding {
	taken := map[string]string{}
	for i := range other.Resources {
		r := &other.Resources[i]
		if name := physicalName(r); name != "" {
			taken[r.Type+" "+name] = r.Name
		}
	}
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		if theirs, ok := taken[r.Type+" "+physicalName(r)]; ok {
			p.add(r, "let the name tell the stack", "is called %s, as is %s of the stack %s", physicalName(r), theirs, other.Stack)
		}
	}
	return inOrder("names", slices.Clip(p.findings))
}
