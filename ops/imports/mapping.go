package imports

import "strings"

// target is the stack to import into, and its project.
type target struct{ project, stack string }

// componentTypes are the types of components by name, without the project that they begin with.
var componentTypes = map[string]string{
	"network": ":network:Network", "data": ":data:Data", "dns": ":dns:DNS", "api": ":api:API", "iam": ":iam:IAM",
}

// Types between a component and the children of awsx's VPC, outermost first.
const (
	vpcParent    = "awsx:ec2:Vpc$"
	inVPC        = vpcParent + "aws:ec2/vpc:Vpc$"
	inSubnet     = inVPC + "aws:ec2/subnet:Subnet$"
	inRouteTable = inSubnet + "aws:ec2/routeTable:RouteTable$"
)

// entry is the plan for one resource of the legacy stack.
type entry struct {
	// legacy is its address in the legacy Terraform without an index, or its logical id in the CloudFormation stack of
	// Serverless; an asterisk stands for the suffix that Serverless appends.
	legacy string
	// component, types and name identify its successor here: the types of its parents below the component and its own,
	// joined as in a URN, and its name without project, stack and component. Empty where there is none.
	component, types, name string
	// id returns the id to import; nil: it is not imported, for the reason why.
	id  func(found) string
	why string
}

// attribute is an id that is a Terraform attribute.
func attribute(name string) func(found) string {
	return func(f found) string {
		value, _ := f.attributes[name].(string)
		return value
	}
}

// Reasons that hold for several resources.
const (
	otherVPC = "recreated: the legacy subnets overlap with those of the new layout, and have no isolated tier"
	inOldVPC = "recreated: it belongs to the old VPC"
	narrower = "recreated, with fewer permissions or rules"
	noNAT    = "not needed unless `network.nat` is set: the functions need no NAT"
	byStage  = "recreated: it is CloudFormation's and is deleted with the Serverless stack"
)

// terraform are the resources of the legacy stack's terraform/base and terraform/live.
var terraform = []entry{
	{legacy: "module.s3_remote_state.aws_s3_bucket.state",
		why: "stays Terraform's until nothing is left in it; bootstrap/ creates the bucket of Pulumi's state"},
	{legacy: "aws_secretsmanager_secret.secret", component: "data", types: "aws:secretsmanager/secret:Secret", name: "app",
		why: "recreated: it never held a value; the migration writes the new one, RDS manages the master's"},

	{legacy: "module.networking.module.vpc.aws_vpc.this", component: "network", types: vpcParent + "aws:ec2/vpc:Vpc", name: "vpc", why: otherVPC},
	{legacy: "module.networking.module.vpc.aws_subnet.private", component: "network", types: inVPC + "aws:ec2/subnet:Subnet", name: "vpc-private-1", why: otherVPC},
	{legacy: "module.networking.module.vpc.aws_subnet.public", component: "network", types: inVPC + "aws:ec2/subnet:Subnet", name: "vpc-public-1", why: otherVPC},
	{legacy: "module.networking.module.vpc.aws_internet_gateway.this", component: "network", types: inVPC + "aws:ec2/internetGateway:InternetGateway", name: "vpc", why: inOldVPC},
	{legacy: "module.networking.module.vpc.aws_eip.nat", why: noNAT + "; inform those who have the address on an allowlist"},
	{legacy: "module.networking.module.vpc.aws_nat_gateway.this", why: noNAT},
	{legacy: "module.networking.module.vpc.aws_route_table.private", component: "network", types: inSubnet + "aws:ec2/routeTable:RouteTable", name: "vpc-private-1", why: inOldVPC},
	{legacy: "module.networking.module.vpc.aws_route_table.public", component: "network", types: inSubnet + "aws:ec2/routeTable:RouteTable", name: "vpc-public-1", why: inOldVPC},
	{legacy: "module.networking.module.vpc.aws_route.private_nat_gateway", why: noNAT},
	{legacy: "module.networking.module.vpc.aws_route.public_internet_gateway", component: "network", types: inRouteTable + "aws:ec2/route:Route", name: "vpc-public-1", why: inOldVPC},
	{legacy: "module.networking.module.vpc.aws_route_table_association.private", component: "network", types: inRouteTable + "aws:ec2/routeTableAssociation:RouteTableAssociation", name: "vpc-private-1", why: inOldVPC},
	{legacy: "module.networking.module.vpc.aws_route_table_association.public", component: "network", types: inRouteTable + "aws:ec2/routeTableAssociation:RouteTableAssociation", name: "vpc-public-1", why: inOldVPC},
	{legacy: "module.networking.aws_security_group.lambda", component: "network", types: "aws:ec2/securityGroup:SecurityGroup", name: "lambda", why: narrower + "; it was open to the whole VPC"},
	{legacy: "module.networking.aws_security_group.rds", component: "network", types: "aws:ec2/securityGroup:SecurityGroup", name: "cluster", why: narrower + "; proxy and cluster have one each"},
	{legacy: "module.networking.aws_security_group.elasticache", component: "network", types: "aws:ec2/securityGroup:SecurityGroup", name: "cache", why: narrower},

	{legacy: "module.iam.aws_iam_user.cicd", component: "iam", types: "aws:iam/user:User", name: "ci", id: attribute("name")},
	{legacy: "module.iam.aws_iam_access_key.cicd", why: "not imported: its secret cannot be read again; `ops rotate-key` creates another, OIDC needs none. Delete it"},
	{legacy: "module.iam.aws_iam_user_policy.cicd", component: "iam", types: "aws:iam/userPolicy:UserPolicy", name: "ci-assume",
		why: narrower + ": the permission to assume the pipeline's roles. Delete the old one, or the user keeps its permissions"},
	{legacy: "module.iam.aws_iam_role.rds_proxy", component: "data", types: "aws:iam/role:Role", name: "proxy", why: narrower},
	{legacy: "module.iam.aws_iam_role_policy.rds_proxy", component: "data", types: "aws:iam/rolePolicy:RolePolicy", name: "proxy", why: narrower},

	{legacy: "module.dns_with_certificate.aws_route53_zone.this", why: "stays: set `dns.zoneId` to its id, and the stack creates its records there"},
	{legacy: "module.dns_with_certificate.aws_acm_certificate.this", component: "dns", types: "aws:acm/certificate:Certificate", name: "certificate",
		why: "recreated: it is of the apex alone, the API's name is {stack}.{domain}"},
	{legacy: "module.dns_with_certificate.aws_route53_record.this", component: "dns", types: "aws:route53/record:Record", name: "certificate-proof", why: "recreated: it validates the old certificate"},
	{legacy: "module.dns_with_certificate.aws_acm_certificate_validation.this", component: "dns", types: "aws:acm/certificateValidation:CertificateValidation", name: "certificate-issued",
		why: "cannot be imported: it is the wait for a certificate and no object of AWS"},

	{legacy: "module.storage.module.redis.aws_elasticache_subnet_group.redis", component: "data", types: "aws:elasticache/subnetGroup:SubnetGroup", name: "cache", why: inOldVPC},
	{legacy: "module.storage.module.redis.aws_elasticache_replication_group.redis", component: "data", types: "aws:elasticache/replicationGroup:ReplicationGroup", name: "cache",
		why: inOldVPC + ", Redis 5 and a token in Terraform's state. The cache fills by itself"},
	{legacy: "module.storage.module.redis.aws_elasticache_cluster.redis", why: "not needed: the replication group creates its nodes"},

	{legacy: "module.storage.module.rds_proxy.aws_db_subnet_group.rds", component: "data", types: "aws:rds/subnetGroup:SubnetGroup", name: "database", why: inOldVPC},
	{legacy: "module.storage.module.rds_proxy.aws_rds_cluster.rds", component: "data", types: "aws:rds/cluster:Cluster", name: "cluster",
		why: "recreated: Serverless v1 is another engine mode and PostgreSQL 10 another major version. Move the data, see below"},
	{legacy: "module.storage.module.rds_proxy.aws_db_proxy.rds", component: "data", types: "aws:rds/proxy:Proxy", name: "proxy", why: inOldVPC},
	{legacy: "module.storage.module.rds_proxy.aws_db_proxy_default_target_group.rds", component: "data", types: "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", name: "proxy", why: "created with the proxy"},
	{legacy: "module.storage.module.rds_proxy.aws_db_proxy_target.rds", component: "data", types: "aws:rds/proxyTarget:ProxyTarget", name: "proxy", why: "created with the proxy"},
	{legacy: "module.storage.module.s3_large_files.aws_s3_bucket.s3", component: "data", types: "aws:s3/bucketV2:BucketV2", name: "files", id: attribute("bucket")},
}

// serverless are the resources of the legacy Serverless stack.
var serverless = []entry{
	{legacy: "ServerlessDeploymentBucket", why: "not needed: Pulumi uploads the function"},
	{legacy: "ServerlessDeploymentBucketPolicy", why: "deleted with the bucket"},
	{legacy: "ApiLogGroup", component: "api", types: "aws:cloudwatch/logGroup:LogGroup", name: "function-log",
		why: "recreated, encrypted; the old events are deleted after their 30 days, or with the Serverless stack"},
	{legacy: "IamRoleLambdaExecution", component: "api", types: "aws:iam/role:Role", name: "function-role", why: narrower + "; with the `/*` that allows it to read objects"},
	{legacy: "ApiLambdaFunction", component: "api", types: "aws:lambda/function:Function", name: "function", why: byStage},
	{legacy: "ApiLambdaVersion*", component: "api", types: "aws:lambda/alias:Alias", name: "live", why: "recreated: the function publishes its versions, the alias names the serving one"},
	{legacy: "ApiGatewayRestApi", component: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: byStage + "; clients use the host name"},
	{legacy: "ApiGatewayResourceProxyVar", component: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: "is a path of the OpenAPI document"},
	{legacy: "ApiGatewayMethodAny", component: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: "is in the OpenAPI document"},
	{legacy: "ApiGatewayMethodProxyVarAny", component: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: "is in the OpenAPI document"},
	{legacy: "ApiGatewayDeployment*", component: "api", types: "aws:apigateway/deployment:Deployment", name: "deployment", why: byStage},
	{legacy: "ApiLambdaPermissionApiGateway", component: "api", types: "aws:lambda/permission:Permission", name: "invoke", why: byStage},
}

// domainManager are the resources that the Serverless plugin created outside CloudFormation. With all three imported,
// the next `up` moves the host name from the old API to the new one.
var domainManager = []entry{
	{legacy: "serverless-domain-manager: custom domain", component: "api", types: "aws:apigateway/domainName:DomainName", name: "domain",
		id: func(f found) string { return f.host }},
	{legacy: "serverless-domain-manager: base path", component: "api", types: "aws:apigateway/basePathMapping:BasePathMapping", name: "domain-stage",
		id: func(f found) string { return f.host + "/" }},
	{legacy: "serverless-domain-manager: record", component: "api", types: "aws:route53/record:Record", name: "domain-record",
		id: func(f found) string { return f.zoneID + "_" + f.host + "_A" }},
}

// all are the entries in the order of the table.
func all() []entry {
	return append(append(append([]entry{}, terraform...), serverless...), domainManager...)
}

// find returns the entry of a legacy resource, or nil.
func find(entries []entry, address string) *entry {
	for i, e := range entries {
		stem, starred := strings.CutSuffix(e.legacy, "*")
		if e.legacy == address || starred && strings.HasPrefix(address, stem) {
			return &entries[i]
		}
	}
	return nil
}

// token is the resource's own type.
func (e entry) token() string { return e.types[strings.LastIndex(e.types, "$")+1:] }

// fullName is the resource's name in a stack.
func (e entry) fullName(t target) string { return t.componentName(e.component) + "-" + e.name }

// urn is the resource's URN in a stack; "" if there is none.
func (e entry) urn(t target) string {
	if e.component == "" {
		return ""
	}
	return t.urn(t.componentType(e.component)+"$"+e.types, e.fullName(t))
}

func (t target) componentName(component string) string {
	return t.project + "-" + t.stack + "-" + component
}

func (t target) componentType(component string) string { return t.project + componentTypes[component] }

func (t target) componentURN(component string) string {
	return t.urn(t.componentType(component), t.componentName(component))
}

func (t target) providerURN() string { return t.urn("pulumi:providers:aws", "aws") }

func (t target) urn(types, name string) string {
	return "urn:pulumi:" + t.stack + "::" + t.project + "::" + types + "::" + name
}
