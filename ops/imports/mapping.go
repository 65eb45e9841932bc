package imports

import "strings"

// project is the Pulumi project's name, the second part of every URN.
const project = "didomi"

// rooms are the components' types by room.
var rooms = map[string]string{
	"network": "didomi:network:Network", "data": "didomi:data:Data", "dns": "didomi:dns:DNS",
	"api": "didomi:api:API", "iam": "didomi:iam:IAM",
}

// Types between a room and what awsx makes for its VPC, outermost first.
const (
	vpcParent    = "awsx:ec2:Vpc$"
	inVPC        = vpcParent + "aws:ec2/vpc:Vpc$"
	inSubnet     = inVPC + "aws:ec2/subnet:Subnet$"
	inRouteTable = inSubnet + "aws:ec2/routeTable:RouteTable$"
)

// entry says what becomes of one resource of the seed.
type entry struct {
	// seed is its address in the seed's Terraform without an index, or its logical id in the
	// CloudFormation stack of Serverless; a star stands for what Serverless appends.
	seed string
	// room, types and name say the resource that stands for it here: the types of its parents below
	// the room and its own, joined as in a URN, and its name without project, stack and room. Empty
	// when there is none.
	room, types, name string
	// id is where the import finds the resource's id; nil: it is not imported, and why says why.
	id  func(found) string
	why string
}

// attribute is an import's id that is one of the Terraform attributes.
func attribute(name string) func(found) string {
	return func(f found) string {
		value, _ := f.attributes[name].(string)
		return value
	}
}

// Reasons that hold for several resources.
const (
	otherVPC = "made anew: the seed's subnets lie where the new layout puts its own, and have no isolated tier"
	inOldVPC = "made anew: it belongs to the old VPC"
	narrower = "made anew, with less in it"
	noNAT    = "has no use here unless `network.nat` is set: the functions need no NAT"
	byStage  = "made anew: it is CloudFormation's and goes with the Serverless stack"
)

// terraform are the resources of the seed's terraform/base and terraform/live.
var terraform = []entry{
	{seed: "module.s3_remote_state.aws_s3_bucket.state",
		why: "stays Terraform's until nothing is left in it; bootstrap/ makes the bucket of Pulumi's state"},
	{seed: "aws_secretsmanager_secret.secret", room: "data", types: "aws:secretsmanager/secret:Secret", name: "app",
		why: "made anew: it never held a value; the migration writes the new one, RDS keeps the master's"},

	{seed: "module.networking.module.vpc.aws_vpc.this", room: "network", types: vpcParent + "aws:ec2/vpc:Vpc", name: "vpc", why: otherVPC},
	{seed: "module.networking.module.vpc.aws_subnet.private", room: "network", types: inVPC + "aws:ec2/subnet:Subnet", name: "vpc-private-1", why: otherVPC},
	{seed: "module.networking.module.vpc.aws_subnet.public", room: "network", types: inVPC + "aws:ec2/subnet:Subnet", name: "vpc-public-1", why: otherVPC},
	{seed: "module.networking.module.vpc.aws_internet_gateway.this", room: "network", types: inVPC + "aws:ec2/internetGateway:InternetGateway", name: "vpc", why: inOldVPC},
	{seed: "module.networking.module.vpc.aws_eip.nat", why: noNAT + "; tell who has the address on a list"},
	{seed: "module.networking.module.vpc.aws_nat_gateway.this", why: noNAT},
	{seed: "module.networking.module.vpc.aws_route_table.private", room: "network", types: inSubnet + "aws:ec2/routeTable:RouteTable", name: "vpc-private-1", why: inOldVPC},
	{seed: "module.networking.module.vpc.aws_route_table.public", room: "network", types: inSubnet + "aws:ec2/routeTable:RouteTable", name: "vpc-public-1", why: inOldVPC},
	{seed: "module.networking.module.vpc.aws_route.private_nat_gateway", why: noNAT},
	{seed: "module.networking.module.vpc.aws_route.public_internet_gateway", room: "network", types: inRouteTable + "aws:ec2/route:Route", name: "vpc-public-1", why: inOldVPC},
	{seed: "module.networking.module.vpc.aws_route_table_association.private", room: "network", types: inRouteTable + "aws:ec2/routeTableAssociation:RouteTableAssociation", name: "vpc-private-1", why: inOldVPC},
	{seed: "module.networking.module.vpc.aws_route_table_association.public", room: "network", types: inRouteTable + "aws:ec2/routeTableAssociation:RouteTableAssociation", name: "vpc-public-1", why: inOldVPC},
	{seed: "module.networking.aws_security_group.lambda", room: "network", types: "aws:ec2/securityGroup:SecurityGroup", name: "lambda", why: narrower + "; it was open to the whole VPC"},
	{seed: "module.networking.aws_security_group.rds", room: "network", types: "aws:ec2/securityGroup:SecurityGroup", name: "cluster", why: narrower + "; proxy and cluster have one each"},
	{seed: "module.networking.aws_security_group.elasticache", room: "network", types: "aws:ec2/securityGroup:SecurityGroup", name: "cache", why: narrower},

	{seed: "module.iam.aws_iam_user.cicd", room: "iam", types: "aws:iam/user:User", name: "ci", id: attribute("name")},
	{seed: "module.iam.aws_iam_access_key.cicd", why: "not imported: nobody can read its secret again; `ops rotate-key` makes another, OIDC needs none. Delete it"},
	{seed: "module.iam.aws_iam_user_policy.cicd", room: "iam", types: "aws:iam/userPolicy:UserPolicy", name: "ci-assume",
		why: narrower + ": the right to take two roles. Delete the old one, or the user keeps its rights"},
	{seed: "module.iam.aws_iam_role.rds_proxy", room: "data", types: "aws:iam/role:Role", name: "proxy", why: narrower},
	{seed: "module.iam.aws_iam_role_policy.rds_proxy", room: "data", types: "aws:iam/rolePolicy:RolePolicy", name: "proxy", why: narrower},

	{seed: "module.dns_with_certificate.aws_route53_zone.this", why: "stays what it is: put its id into `didomi:dns.zoneId`, and the stack writes its records there"},
	{seed: "module.dns_with_certificate.aws_acm_certificate.this", room: "dns", types: "aws:acm/certificate:Certificate", name: "certificate",
		why: "made anew: it is of the apex alone, the API's name is {stack}.{domain}"},
	{seed: "module.dns_with_certificate.aws_route53_record.this", room: "dns", types: "aws:route53/record:Record", name: "certificate-proof", why: "made anew: it proves the old certificate"},
	{seed: "module.dns_with_certificate.aws_acm_certificate_validation.this", room: "dns", types: "aws:acm/certificateValidation:CertificateValidation", name: "certificate-issued",
		why: "cannot be imported: it is the wait for a certificate, nothing on AWS"},

	{seed: "module.storage.module.redis.aws_elasticache_subnet_group.redis", room: "data", types: "aws:elasticache/subnetGroup:SubnetGroup", name: "cache", why: inOldVPC},
	{seed: "module.storage.module.redis.aws_elasticache_replication_group.redis", room: "data", types: "aws:elasticache/replicationGroup:ReplicationGroup", name: "cache",
		why: inOldVPC + ", Redis 5 and a token in Terraform's state. A cache fills itself"},
	{seed: "module.storage.module.redis.aws_elasticache_cluster.redis", why: "has no use here: the replication group makes its nodes"},

	{seed: "module.storage.module.rds_proxy.aws_db_subnet_group.rds", room: "data", types: "aws:rds/subnetGroup:SubnetGroup", name: "database", why: inOldVPC},
	{seed: "module.storage.module.rds_proxy.aws_rds_cluster.rds", room: "data", types: "aws:rds/cluster:Cluster", name: "cluster",
		why: "made anew: Serverless v1 is another engine mode and PostgreSQL 10 another major version. Move the data, see below"},
	{seed: "module.storage.module.rds_proxy.aws_db_proxy.rds", room: "data", types: "aws:rds/proxy:Proxy", name: "proxy", why: inOldVPC},
	{seed: "module.storage.module.rds_proxy.aws_db_proxy_default_target_group.rds", room: "data", types: "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", name: "proxy", why: "comes with the proxy"},
	{seed: "module.storage.module.rds_proxy.aws_db_proxy_target.rds", room: "data", types: "aws:rds/proxyTarget:ProxyTarget", name: "proxy", why: "comes with the proxy"},
	{seed: "module.storage.module.s3_large_files.aws_s3_bucket.s3", room: "data", types: "aws:s3/bucketV2:BucketV2", name: "files", id: attribute("bucket")},
}

// serverless are the resources of the seed's Serverless stack.
var serverless = []entry{
	{seed: "ServerlessDeploymentBucket", why: "has no use here: Pulumi uploads the function itself"},
	{seed: "ServerlessDeploymentBucketPolicy", why: "goes with the bucket"},
	{seed: "ApiLogGroup", room: "api", types: "aws:cloudwatch/logGroup:LogGroup", name: "function-log",
		why: "made anew, encrypted; the old events go when their 30 days are over, or with the Serverless stack"},
	{seed: "IamRoleLambdaExecution", room: "api", types: "aws:iam/role:Role", name: "function-role", why: narrower + ", and with the `/*` that lets it read objects"},
	{seed: "ApiLambdaFunction", room: "api", types: "aws:lambda/function:Function", name: "function", why: byStage},
	{seed: "ApiLambdaVersion*", room: "api", types: "aws:lambda/alias:Alias", name: "live", why: "made anew: the function publishes its versions, the alias says which one serves"},
	{seed: "ApiGatewayRestApi", room: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: byStage + "; clients come by the host name"},
	{seed: "ApiGatewayResourceProxyVar", room: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: "is a path of the OpenAPI document"},
	{seed: "ApiGatewayMethodAny", room: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: "is in the OpenAPI document"},
	{seed: "ApiGatewayMethodProxyVarAny", room: "api", types: "aws:apigateway/restApi:RestApi", name: "rest", why: "is in the OpenAPI document"},
	{seed: "ApiGatewayDeployment*", room: "api", types: "aws:apigateway/deployment:Deployment", name: "deployment", why: byStage},
	{seed: "ApiLambdaPermissionApiGateway", room: "api", types: "aws:lambda/permission:Permission", name: "invoke", why: byStage},
}

// domainManager are what the Serverless plugin made beside CloudFormation. Importing all three makes
// the next `up` lead the host name from the old API to the new one.
var domainManager = []entry{
	{seed: "serverless-domain-manager: custom domain", room: "api", types: "aws:apigateway/domainName:DomainName", name: "domain",
		id: func(f found) string { return f.host }},
	{seed: "serverless-domain-manager: base path", room: "api", types: "aws:apigateway/basePathMapping:BasePathMapping", name: "domain-stage",
		id: func(f found) string { return f.host + "/" }},
	{seed: "serverless-domain-manager: record", room: "api", types: "aws:route53/record:Record", name: "domain-record",
		id: func(f found) string { return f.zoneID + "_" + f.host + "_A" }},
}

// all are the entries in the order of the table.
func all() []entry {
	return append(append(append([]entry{}, terraform...), serverless...), domainManager...)
}

// find is the entry of a resource of the seed, or nil.
func find(entries []entry, seed string) *entry {
	for i, e := range entries {
		stem, starred := strings.CutSuffix(e.seed, "*")
		if e.seed == seed || starred && strings.HasPrefix(seed, stem) {
			return &entries[i]
		}
	}
	return nil
}

// token is the resource's own type.
func (e entry) token() string { return e.types[strings.LastIndex(e.types, "$")+1:] }

// fullName is the resource's name in a stack.
func (e entry) fullName(stack string) string {
	return roomName(e.room, stack) + "-" + e.name
}

func roomName(room, stack string) string { return project + "-" + stack + "-" + room }

func urn(stack, types, name string) string {
	return "urn:pulumi:" + stack + "::" + project + "::" + types + "::" + name
}

func roomURN(room, stack string) string { return urn(stack, rooms[room], roomName(room, stack)) }

func providerURN(stack string) string { return urn(stack, "pulumi:providers:aws", "aws") }

// urn is the resource's in a stack; "" when there is none.
func (e entry) urn(stack string) string {
	if e.room == "" {
		return ""
	}
	return urn(stack, rooms[e.room]+"$"+e.types, e.fullName(stack))
}
