package diagram

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

type m = map[string]any

// deployed is a small stack; suffix stands for what AWS and Pulumi generate for names and ids.
func deployed(suffix string) *graph.Graph {
	id := func(s string) string { return s + "-" + suffix }
	g := &graph.Graph{Project: "didomi", Stack: "prod"}
	add := func(component, token, name string, inputs, outputs m, after ...string) {
		urn := func(token, name string) string { return "urn:pulumi:prod::didomi::" + token + "::" + name }
		r := graph.Resource{
			URN: urn(token, name), Type: token, Name: name, ID: id(name), Custom: strings.HasPrefix(token, "aws:"),
			Inputs: inputs, Outputs: outputs, Parent: urn("didomi:"+component+":"+component, "prod-"+component),
		}
		for _, name := range after {
			for _, o := range g.Resources {
				if o.Name == name {
					r.Dependencies = append(r.Dependencies, o.URN)
				}
			}
		}
		g.Resources = append(g.Resources, r)
	}
	for _, component := range []string{"api", "data", "dns", "network"} {
		add("", "didomi:"+component+":"+component, "prod-"+component, nil, nil)
	}
	add("dns", "aws:route53/zone:Zone", "prod-dns-zone", nil, nil)
	add("network", "aws:ec2/vpc:Vpc", "prod-network-vpc", m{"cidrBlock": "10.0.0.0/16"}, nil)
	for _, tier := range []string{"Private", "Isolated", "Public"} {
		for zone := range 2 {
			add("network", "aws:ec2/subnet:Subnet", fmt.Sprintf("%s-%d", tier, zone), m{"tags": m{"SubnetType": tier}}, nil)
		}
	}
	for _, role := range []string{"lambda", "cache", "proxy", "cluster", "endpoints"} {
		add("network", "aws:ec2/securityGroup:SecurityGroup", "prod-network-"+role, nil, nil)
	}
	rule := func(from, to string, port float64) {
		from, to = id("prod-network-"+from), id("prod-network-"+to)
		add("network", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", from+"-out-"+to, m{"securityGroupId": from, "referencedSecurityGroupId": to, "fromPort": port, "toPort": port}, nil)
		add("network", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", from+"-in-"+to, m{"securityGroupId": to, "referencedSecurityGroupId": from, "fromPort": port, "toPort": port}, nil)
	}
	rule("lambda", "proxy", 5432)
	rule("proxy", "cluster", 5432)
	rule("lambda", "cache", 6379)
	rule("lambda", "endpoints", 443)
	group := func(role string) []any { return []any{id("prod-network-" + role)} }
	add("network", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "s3", m{"securityGroupId": group("lambda")[0], "prefixListId": id("pl"), "fromPort": 443.0, "toPort": 443.0}, nil)
	add("network", "aws:ec2/vpcEndpoint:VpcEndpoint", "prod-network-s3", m{"vpcEndpointType": "Gateway", "serviceName": "com.amazonaws.eu-west-1.s3"}, m{"prefixListId": id("pl")})
	add("network", "aws:ec2/vpcEndpoint:VpcEndpoint", "prod-network-sqs", m{"vpcEndpointType": "Interface", "serviceName": "com.amazonaws.eu-west-1.sqs", "securityGroupIds": group("endpoints")}, nil)
	add("network", "aws:ec2/natGateway:NatGateway", "nat", nil, nil)
	add("data", "aws:kms/key:Key", "prod-data-key", nil, nil)
	add("data", "aws:iam/role:Role", "prod-data-role", nil, nil)
	add("data", "aws:rds/cluster:Cluster", "prod-data-cluster", m{"vpcSecurityGroupIds": group("cluster"), "serverlessv2ScalingConfiguration": m{"minCapacity": 0.5, "maxCapacity": 4.0}}, nil, "prod-network-cluster")
	add("data", "aws:rds/clusterInstance:ClusterInstance", "prod-data-1", m{"clusterIdentifier": id("prod-data-cluster")}, nil)
	add("data", "aws:rds/clusterInstance:ClusterInstance", "prod-data-2", m{"clusterIdentifier": id("prod-data-cluster")}, nil)
	add("data", "aws:rds/proxy:Proxy", "prod-data-proxy", m{"vpcSecurityGroupIds": group("proxy"), "requireTls": true}, nil)
	add("data", "aws:elasticache/replicationGroup:ReplicationGroup", "prod-data-cache", m{"engine": "valkey", "nodeType": "cache.t4g.micro", "numNodeGroups": 1.0, "replicasPerNodeGroup": 1.0, "securityGroupIds": group("cache")}, nil)
	add("data", "aws:s3/bucketV2:BucketV2", "prod-data-files", nil, nil)
	add("data", "aws:s3/bucketV2:BucketV2", "prod-data-access-logs", nil, nil)
	inVPC := m{"securityGroupIds": group("lambda")}
	add("api", "aws:lambda/function:Function", "prod-api-function", m{"memorySize": 512.0, "vpcConfig": inVPC}, m{"name": id("function")}, "prod-data-proxy", "prod-data-cache", "prod-data-files", "prod-network-lambda")
	add("api", "aws:lambda/function:Function", "prod-api-migrate", m{"vpcConfig": inVPC}, m{"name": id("migrate")}, "prod-data-proxy")
	add("api", "aws:lambda/invocation:Invocation", "prod-api-migrated", m{"functionName": id("migrate")}, nil)
	add("api", "aws:lambda/function:Function", "prod-api-user", nil, m{"name": id("user"), "arn": id("user-arn")})
	add("api", "aws:lambda/invocation:Invocation", "prod-api-user-set", m{"functionName": id("user")}, nil)
	add("api", "aws:secretsmanager/secretRotation:SecretRotation", "prod-api-user-rotation", m{"rotationLambdaArn": id("user-arn")}, nil)
	add("api", "aws:lambda/permission:Permission", "prod-api-invoke", m{"principal": "apigateway.amazonaws.com", "function": id("function")}, nil)
	add("api", "aws:apigateway/stage:Stage", "prod-api-stage", m{"xrayTracingEnabled": true}, m{"arn": id("stage")})
	add("api", "aws:wafv2/webAcl:WebAcl", "prod-api-waf", m{"rules": []any{m{}, m{}}}, m{"arn": id("acl")})
	add("api", "aws:wafv2/webAclAssociation:WebAclAssociation", "prod-api-waf-stage", m{"resourceArn": id("stage"), "webAclArn": id("acl")}, nil)
	// Its id is the web ACL's ARN.
	add("api", "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", "prod-api-waf-logging", m{"resourceArn": id("acl")}, m{"arn": id("acl")})
	add("api", "aws:apigateway/domainName:DomainName", "prod-api-domain", nil, nil, "prod-dns-zone")
	add("api", "aws:route53/record:Record", "prod-api-record", m{"name": "prod.example.com"}, nil, "prod-api-domain")
	return g
}

// without is the stack minus the resources whose name contains the text.
func without(g *graph.Graph, text string) *graph.Graph {
	g.Resources = slices.DeleteFunc(g.Resources, func(r graph.Resource) bool { return strings.Contains(r.Name, text) })
	return g
}

func arrows(t *testing.T, g *graph.Graph) []string {
	t.Helper()
	r, err := newRequest(g)
	if err != nil {
		t.Fatal(err)
	}
	name := func(n *node) string { return strings.Join(append([]string{n.title}, n.lines...), ", ") }
	var list []string
	for _, e := range r.edges {
		list = append(list, name(e.from)+" -"+e.label+"-> "+name(e.to))
	}
	return list
}

func TestARequestIsDrawnAsItWasDeployed(t *testing.T) {
	const (
		acl      = "WAF, 2 rules"
		gateway  = "API Gateway, REST, regional, X-Ray, access log"
		function = "Lambda, function, 512 MB"
		cache    = "ElastiCache Valkey, 1 shard of 2 nodes, cache.t4g.micro"
		proxy    = "RDS Proxy, TLS only"
	)
	want := []string{
		"client -https-> " + acl,
		acl + " --> " + gateway,
		"Route 53, prod.example.com, certificate by ACM --> " + gateway,
		gateway + " --> " + function,
		function + " -6379-> " + cache,
		function + " -5432-> " + proxy,
		"Lambda, migrate, at deploy -5432-> " + proxy,
		proxy + " -5432-> Aurora PostgreSQL, writer and 1 reader, 0.5 to 4 ACU each",
		function + " -443-> gateway endpoint, s3",
		"gateway endpoint, s3 --> S3, bucket files",
		function + " -443-> interface endpoints, 1 service",
		"interface endpoints, 1 service --> AWS services, SQS",
	}
	if got := arrows(t, deployed("a")); !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// whileRestoring is the stack with a second cluster of one instance, to which a restore has moved the proxy.
func whileRestoring() *graph.Graph {
	g := deployed("a")
	cluster := *g.Find("urn:pulumi:prod::didomi::aws:rds/cluster:Cluster::prod-data-cluster")
	cluster.URN, cluster.Name, cluster.ID = cluster.URN+"-2", cluster.Name+"-2", "prod-data-cluster-2-a"
	member := *g.Find("urn:pulumi:prod::didomi::aws:rds/clusterInstance:ClusterInstance::prod-data-1")
	member.URN, member.Name, member.Inputs = member.URN+"-2", "prod-data-gen2-1", m{"clusterIdentifier": cluster.ID}
	target := graph.Resource{URN: "target", Type: "aws:rds/proxyTarget:ProxyTarget", Name: "prod-data-proxy", Dependencies: []string{cluster.URN}, Parent: cluster.Parent}
	g.Resources = append(g.Resources, cluster, member, target)
	return g
}

func TestTheFormerClusterOfARestoreHasItsOwnBox(t *testing.T) {
	g := whileRestoring()
	if got := strings.Join(arrows(t, g), "\n"); !strings.Contains(got, "RDS Proxy, TLS only -5432-> Aurora PostgreSQL, writer, 0.5 to 4 ACU each") {
		t.Errorf("the proxy's arrow is in\n%s", got)
	}
	r, err := newRequest(g)
	want := &node{title: "Aurora PostgreSQL", lines: []string{"the former cluster", "writer and 1 reader", "0.5 to 4 ACU each"}, aside: true}
	if err != nil || !reflect.DeepEqual(r.former, want) {
		t.Errorf("got %+v, %v, want %+v", r.former, err, want)
	}
	if r, err := newRequest(deployed("a")); err != nil || r.former != nil {
		t.Errorf("without a restore there is %+v, %v", r.former, err)
	}
}

func TestARemovedResourceIsNotDrawn(t *testing.T) {
	for name, c := range map[string]struct{ without, gone, there string }{
		"no arrow without an ingress rule on the other side": {"lambda-a-in-prod-network-cache", "function, 512 MB -6379-> ", "-5432->"},
		"no arrow without an egress rule on this side":       {"lambda-a-out-prod-network-cache", "function, 512 MB -6379-> ", "-5432->"},
		"no arrow from the proxy without its rule":           {"proxy-a-out-prod-network-cluster", "RDS Proxy, TLS only -5432->", "-6379->"},
		"no web ACL: the client reaches API Gateway":         {"prod-api-waf", "WAF", "client -https-> API Gateway"},
		"no hosted zone: no name":                            {"prod-api-record", "Route 53", "client"},
		"no migration: one function":                         {"migrate", "migrate", "function"},
		"a reader less":                                      {"prod-data-2", "reader", "Aurora PostgreSQL, writer, "},
		"no bucket that the function is built from":          {"prod-data-files", "S3, bucket", "gateway endpoint"},
		"no interface endpoints: no services behind any":     {"prod-network-sqs", "AWS services", "gateway endpoint"},
	} {
		t.Run(name, func(t *testing.T) {
			got := strings.Join(arrows(t, without(deployed("a"), c.without)), "\n")
			if strings.Contains(got, c.gone) || !strings.Contains(got, c.there) {
				t.Errorf("want %q and not %q in\n%s", c.there, c.gone, got)
			}
		})
	}
}

func TestComponentsAreInTheOrderOfTheirCreation(t *testing.T) {
	var got []string
	rs := newComponents(deployed("a"))
	for _, r := range rs.all {
		after := ""
		for _, o := range r.after {
			after += " after " + o.name
		}
		got = append(got, fmt.Sprintf("%d %s%s: %s", r.column, r.name, after, strings.Join(r.contents, ", ")))
	}
	want := []string{
		"0 network: VPC, 6 subnets, NAT gateway, 2 VPC endpoints, 5 security groups",
		"0 dns: hosted zone",
		"1 data after network: Aurora cluster, 2 database instances, RDS Proxy, cache, 2 S3 buckets, KMS key, roles",
		// It also takes inputs from network, but so does data.
		"2 api after data after dns: custom domain, 3 functions, web ACL",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n  %s\nwant\n  %s", strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestTheDiagramIsTheSameForEveryDeployment(t *testing.T) {
	first, err := Draw(deployed("0f3a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"0f3a", "999999999999", "zz"} {
		again, err := Draw(deployed(suffix))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, again) {
			t.Errorf("with the suffix %s the diagram is another: %s", suffix, firstDifference(first, again))
		}
	}
}

func TestAFunctionOutsideTheVPCHasItsOwnBox(t *testing.T) {
	r, err := newRequest(deployed("a"))
	if err != nil {
		t.Fatal(err)
	}
	want := &node{title: "Lambda, in no VPC", lines: []string{"user", "at deploy", "rotates secrets"}, aside: true}
	if !reflect.DeepEqual(r.outside, want) || slices.Contains(r.others.lines, "user") {
		t.Errorf("got %+v next to %+v, want %+v", r.outside, r.others, want)
	}
}

func TestNoBoxCoversAnotherOrLeavesTheDiagram(t *testing.T) {
	for _, missing := range []string{"nothing", "migrate", "prod-api-waf", "nat", "prod-network-kms", "prod-api-record", "prod-data-cache", "prod-api-user", "the former cluster"} {
		t.Run("without "+missing, func(t *testing.T) {
			g := without(whileRestoring(), missing)
			if missing == "the former cluster" {
				g = deployed("a")
			}
			r, err := newRequest(g)
			if err != nil {
				t.Fatal(err)
			}
			var c canvas
			c.components(newComponents(g))
			c.request(r)
			var boxes [][4]int
			for _, element := range c.boxes {
				var class string
				var b [4]int
				if n, _ := fmt.Sscanf(element, "<rect class=%q x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"", &class, &b[0], &b[1], &b[2], &b[3]); n == 5 {
					boxes = append(boxes, b)
				}
			}
			if len(boxes) < 10 {
				t.Fatalf("only %d boxes", len(boxes))
			}
			for i, a := range boxes {
				if a[0] < 0 || a[0]+a[2] > width || a[1]+a[3] > c.bottom {
					t.Errorf("%v is outside of the diagram, which ends at %d, %d", a, width, c.bottom)
				}
				for _, b := range boxes[:i] {
					if a[0] < b[0]+b[2] && b[0] < a[0]+a[2] && a[1] < b[1]+b[3] && b[1] < a[1]+a[3] {
						t.Errorf("%v covers %v", a, b)
					}
				}
			}
		})
	}
}

// exported is a graph as `pulumi stack export` prints it.
func exported(t *testing.T, g *graph.Graph) string {
	t.Helper()
	var resources []m
	for _, r := range g.Resources {
		resources = append(resources, m{"urn": r.URN, "type": r.Type, "id": r.ID, "custom": r.Custom, "parent": r.Parent,
			"inputs": r.Inputs, "outputs": r.Outputs, "dependencies": r.Dependencies})
	}
	text, err := json.Marshal(m{"deployment": m{"resources": resources}})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func runDiagram(stdin string, args ...string) (stdout, stderr string, err error) {
	var o, e bytes.Buffer
	err = Run(context.Background(), command.IO{Stdin: strings.NewReader(stdin), Stdout: &o, Stderr: &e}, args)
	return o.String(), e.String(), err
}

func TestAStaleDiagramIsReportedWithItsFirstDifference(t *testing.T) {
	state := exported(t, deployed("a"))
	diagram, _, err := runDiagram(state, "--state", "-")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "diagram.svg")
	if err := os.WriteFile(file, []byte(diagram), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said, err := runDiagram(state, "--state", "-", "--check", file); err != nil {
		t.Errorf("a fresh diagram is rejected: %v %s", err, said)
	}
	changed := strings.Replace(state, `"numNodeGroups":1`, `"numNodeGroups":3`, 1)
	_, said, err := runDiagram(changed, "--state", "-", "--check", file)
	if !errors.Is(err, command.ErrNo) || !strings.Contains(said, "1 shard of 2 nodes") || !strings.Contains(said, "3 shards of 2 nodes") {
		t.Errorf("got %v, %s", err, said)
	}
}

func TestAStateWithoutTheAPIsFunctionIsRejected(t *testing.T) {
	_, _, err := runDiagram(exported(t, without(deployed("a"), "prod-api-invoke")), "--state", "-")
	if err == nil || !strings.Contains(err.Error(), "no function that API Gateway may invoke") {
		t.Errorf("got %v", err)
	}
}

func TestTheOrderOfTheStateDoesNotMatter(t *testing.T) {
	g := deployed("a")
	want, err := Draw(g)
	if err != nil {
		t.Fatal(err)
	}
	slices.Reverse(g.Resources)
	got, err := Draw(g)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error(firstDifference(want, got))
	}
}
