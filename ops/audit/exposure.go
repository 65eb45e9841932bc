package audit

import (
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
)

// resourcePolicies are the types whose policy says who may use a resource, with the property that
// holds it.
var resourcePolicies = map[string]string{
	keyType:                                                    "policy",
	"aws:s3/bucketPolicy:BucketPolicy":                         "policy",
	"aws:sns/topicPolicy:TopicPolicy":                          "policy",
	"aws:sqs/queuePolicy:QueuePolicy":                          "policy",
	"aws:secretsmanager/secretPolicy:SecretPolicy":             "policy",
	"aws:lambda/layerVersionPermission:LayerVersionPermission": "policy",
	"aws:cloudwatch/logResourcePolicy:LogResourcePolicy":       "policyDocument",
}

const stageType = "aws:apigateway/stage:Stage"

// exposure wants nothing to be public but the API, and the API to be behind a firewall.
func exposure(g *graph.Graph) report {
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		if property, ok := resourcePolicies[r.Type]; ok {
			publicPolicy(&p, r, property)
		}
		if judge, ok := doors[r.Type]; ok {
			judge(g, &p, r)
		}
	}
	for _, h := range hosts(g) {
		for _, subnet := range h.subnets {
			if subnet.True("mapPublicIpOnLaunch") {
				p.add(h.Resource, "put it into private or isolated subnets", "is in the subnet %s, which gives public addresses", subnet.Name)
			}
		}
	}
	return p
}

func publicPolicy(p *report, r *graph.Resource, property string) {
	statements, _ := parseDocument(r.Value(property))
	for _, s := range statements {
		if s.Effect == "Allow" && s.everyone() && !s.limited() {
			p.add(r, "name who it is for, or narrow it by account, ARN or VPC", "lets everyone %v by the statement %q", []string(s.Action), s.Sid)
		}
	}
}

// doors are the types by which something can become public.
var doors = map[string]func(*graph.Graph, *report, *graph.Resource){
	bucketType: bucketDoor,
	"aws:s3/bucketAclV2:BucketAclV2": func(_ *graph.Graph, p *report, r *graph.Resource) {
		if acl := r.Text("acl"); acl != "" && acl != "private" && acl != "log-delivery-write" {
			p.add(r, "leave access to policies", "gives access by the list %s", acl)
		}
	},
	"aws:rds/clusterInstance:ClusterInstance": notTrue("publiclyAccessible", "has a public address"),
	"aws:rds/instance:Instance":               notTrue("publiclyAccessible", "has a public address"),
	"aws:ec2/instance:Instance":               notTrue("associatePublicIpAddress", "has a public address"),
	"aws:lb/loadBalancer:LoadBalancer": func(_ *graph.Graph, p *report, r *graph.Resource) {
		if !r.True("internal") {
			p.add(r, "the API is the one way in: remove it or make it internal", "is public")
		}
	},
	"aws:lambda/functionUrl:FunctionUrl": func(_ *graph.Graph, p *report, r *graph.Resource) {
		p.add(r, "remove it: the API is the one way in", "is a public address of a function, with authorization %s", r.Text("authorizationType"))
	},
	"aws:lambda/permission:Permission": functionDoor,
	"aws:ec2/eip:Eip":                  addressDoor,
	"aws:apigateway/restApi:RestApi": func(_ *graph.Graph, p *report, r *graph.Resource) {
		p.fact("public: the API %s", r.Name)
	},
	stageType: stageDoor,
}

func notTrue(property, what string) func(*graph.Graph, *report, *graph.Resource) {
	return func(_ *graph.Graph, p *report, r *graph.Resource) {
		if r.True(property) {
			p.add(r, "set "+property+" to false", "%s", what)
		}
	}
}

// blocks are the four parts of a bucket's public access block.
var blocks = []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}

func bucketDoor(g *graph.Graph, p *report, r *graph.Resource) {
	block := first(pointingAt(g, r, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"))
	if block == nil {
		p.add(r, "register a public access block", "has no public access block")
		return
	}
	for _, part := range blocks {
		if !block.True(part) {
			p.add(r, "set "+part+" to true", "can be made public: %s is off", part)
		}
	}
}

// functionDoor wants whoever may call a function to be one service of one account.
func functionDoor(_ *graph.Graph, p *report, r *graph.Resource) {
	who := r.Text("principal")
	if who == "*" || r.Text("sourceArn") == "" && r.Text("sourceAccount") == "" {
		p.add(r, "name a service, and what of this account may call", "lets %q call the function, of whatever account", who)
	}
}

// addressDoor wants public addresses for NAT only.
func addressDoor(g *graph.Graph, p *report, r *graph.Resource) {
	for _, nat := range g.ByType("aws:ec2/natGateway:NatGateway") {
		if slices.Contains(g.Refs(nat, "allocationId"), r) {
			p.fact("public address, outgoing only: %s of the NAT gateway %s", r.Name, nat.Name)
			return
		}
	}
	p.add(r, "release it", "is a public address that no NAT gateway has")
}

// stageDoor wants a web ACL before every stage.
func stageDoor(g *graph.Graph, p *report, r *graph.Resource) {
	for _, association := range g.ByType("aws:wafv2/webAclAssociation:WebAclAssociation") {
		if slices.Contains(g.Refs(association, "resourceArn"), r) {
			p.fact("public: the stage %s, behind the web ACL of %s", r.Name, association.Name)
			return
		}
	}
	p.add(r, "set waf to true in the stack's api configuration", "is public without a web ACL")
}
