package audit

import (
	"slices"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// exposure requires that nothing is public but the API, and that the API has a web ACL.
func exposure(g *graph.Graph) report {
	var p report
	for i := range g.Resources {
		r := &g.Resources[i]
		row := types.Of(r.Type)
		if row.Policy != "" {
			checkPublicPolicy(&p, r, row.Policy)
		}
		if row.PublicSwitch != "" && r.True(row.PublicSwitch) {
			p.add(r, "set "+row.PublicSwitch+" to false", "has a public address")
		}
		if judge, ok := publicJudges[r.Type]; ok {
			judge(g, &p, r)
		}
	}
	for _, h := range g.Hosts() {
		for _, subnet := range h.Subnets {
			if subnet.True("mapPublicIpOnLaunch") {
				p.add(h.Resource, "put it into private or isolated subnets", "is in the subnet %s, which gives public addresses", subnet.Name)
			}
		}
	}
	return p
}

func checkPublicPolicy(p *report, r *graph.Resource, property string) {
	statements, _ := parseDocument(r.Value(property))
	for _, s := range statements {
		if s.Effect == "Allow" && s.everyone() && !s.limited() {
			p.add(r, "name the principals, or narrow it by account, ARN or VPC", "allows everyone %v by the statement %q", []string(s.Action), s.Sid)
		}
	}
}

// publicJudges are the types that can become public by more than a switch or a policy.
var publicJudges = map[string]func(*graph.Graph, *report, *graph.Resource){
	types.Bucket: checkPublicBucket,
	"aws:s3/bucketAclV2:BucketAclV2": func(_ *graph.Graph, p *report, r *graph.Resource) {
		if acl := r.Text("acl"); acl != "" && acl != "private" && acl != "log-delivery-write" {
			p.add(r, "grant access by policies", "grants access by the canned ACL %s", acl)
		}
	},
	"aws:lb/loadBalancer:LoadBalancer": func(_ *graph.Graph, p *report, r *graph.Resource) {
		if !r.True("internal") {
			p.add(r, "remove it or make it internal: only the API may be public", "is public")
		}
	},
	"aws:lambda/functionUrl:FunctionUrl": func(_ *graph.Graph, p *report, r *graph.Resource) {
		p.add(r, "remove it: only the API may be public", "is a public address of a function, with authorization %s", r.Text("authorizationType"))
	},
	types.Permission: checkFunctionPermission,
	types.EIP:        checkAddress,
	types.RestAPI: func(_ *graph.Graph, p *report, r *graph.Resource) {
		p.fact("public: the API %s", r.Name)
	},
	types.Stage: checkStage,
}

// blocks are the four switches of a bucket's public access block.
var blocks = []string{"blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"}

func checkPublicBucket(g *graph.Graph, p *report, r *graph.Resource) {
	block := graph.First(pointingAt(g, r, types.BucketPublicAccessBlock))
	if block == nil {
		p.add(r, "register a public access block", "has no public access block")
		return
	}
	for _, name := range blocks {
		if !block.True(name) {
			p.add(r, "set "+name+" to true", "can be made public: %s is off", name)
		}
	}
}

// checkFunctionPermission requires that only a service of one account may invoke a function.
func checkFunctionPermission(_ *graph.Graph, p *report, r *graph.Resource) {
	principal := r.Text("principal")
	if principal == "*" || r.Text("sourceArn") == "" && r.Text("sourceAccount") == "" {
		p.add(r, "name a service, and the resource or account", "allows %q of any account to invoke the function", principal)
	}
}

// checkAddress allows public addresses for NAT only.
func checkAddress(g *graph.Graph, p *report, r *graph.Resource) {
	for _, nat := range g.ByType(types.NATGateway) {
		if slices.Contains(g.Refs(nat, "allocationId"), r) {
			p.fact("public address, outgoing only: %s of the NAT gateway %s", r.Name, nat.Name)
			return
		}
	}
	p.add(r, "release it", "is a public address that no NAT gateway uses")
}

// checkStage requires a web ACL for every stage.
func checkStage(g *graph.Graph, p *report, r *graph.Resource) {
	for _, association := range g.ByType(types.WebACLAssociation) {
		if slices.Contains(g.Refs(association, "resourceArn"), r) {
			p.fact("public: the stage %s, behind the web ACL of %s", r.Name, association.Name)
			return
		}
	}
	p.add(r, "set waf to true in the stack's api configuration", "is public without a web ACL")
}
