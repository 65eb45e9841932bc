package diagram

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// node is a box of the request's diagram.
type node struct {
	title string
	lines []string
	// aside: the box is not on the request path.
	aside bool

	x, y, w, h int
}

// edge is an arrow. Its label is the port that security groups open, if any.
type edge struct {
	from, to *node
	label    string
	aside    bool
}

// request is the diagram of a request: its boxes, nil where the stack has none.
type request struct {
	client, name, acl, api        *node
	function, others, outside     *node
	cache, proxy, database        *node
	former                        *node
	gatewayEndpoint, interfaces   *node
	bucket, services, nat         *node
	vpc                           string
	private, isolated, publicTier string
	edges                         []edge
}

// reader reads a request's diagram from the state.
type reader struct {
	g *graph.Graph
	request

	apiFunction *graph.Resource
	rest        []*graph.Resource // the other functions
	rules       []graph.SecurityGroupRule
}

// newRequest reads the path of a request from the state.
func newRequest(g *graph.Graph) (request, error) {
	r := reader{g: g, rules: g.SecurityGroupRules()}
	if err := r.findFunctions(); err != nil {
		return request{}, err
	}
	r.apiGateway()
	r.functions()
	r.stores()
	r.endpoints()
	r.tiers()
	return r.request, nil
}

// findFunctions separates the function that API Gateway may invoke from the others.
func (r *reader) findFunctions() error {
	if r.apiFunction = r.g.InvokedByAPIGateway(); r.apiFunction == nil {
		return errors.New("the state has no function that API Gateway may invoke")
	}
	for _, f := range r.g.ByType(types.Function) {
		if f.URN != r.apiFunction.URN {
			r.rest = append(r.rest, f)
		}
	}
	return nil
}

func (r *reader) first(token string) *graph.Resource { return graph.First(r.g.ByType(token)) }

func (r *reader) connect(from, to *node, label string) {
	if from != nil && to != nil {
		r.edges = append(r.edges, edge{from, to, label, from.aside || to.aside})
	}
}

// apiGateway adds client, host name, web ACL and API Gateway.
func (r *reader) apiGateway() {
	stage := r.first(types.Stage)
	if stage == nil {
		return
	}
	r.client = &node{title: "client"}
	r.api = &node{title: "API Gateway", lines: []string{"REST, regional"}}
	if stage.True("xrayTracingEnabled") {
		r.api.lines = append(r.api.lines, "X-Ray, access log")
	}
	if plan := r.first(types.UsagePlan); plan != nil {
		r.api.lines = append(r.api.lines, "keys, usage plan")
	}
	before := r.client
	for _, a := range r.g.ByType(types.WebACLAssociation) {
		if !refers(r.g, a, "resourceArn", stage) {
			continue
		}
		for _, acl := range r.g.RefsTo(a, "webAclArn", types.WebACL) { // Its logging configuration has its ARN as id.
			rules, _ := acl.Value("rules").([]any)
			r.acl = &node{title: "WAF", lines: []string{plural(len(rules), "rule")}}
			r.connect(r.client, r.acl, "https")
			before = r.acl
		}
	}
	label := ""
	if before == r.client {
		label = "https"
	}
	r.connect(before, r.api, label)
	r.hostName()
}

// hostName adds the record of the API's custom domain.
func (r *reader) hostName() {
	domain := r.first(types.DomainName)
	if domain == nil {
		return
	}
	for _, record := range r.g.ByType(types.Record) {
		if slices.Contains(record.Dependencies, domain.URN) {
			r.name = &node{title: "Route 53", lines: []string{record.Text("name"), "certificate by ACM"}, aside: true}
			r.connect(r.name, r.api, "")
		}
	}
}

// functions adds the API's function, in one box those that run at deployments and rotations, and in another those
// of them that are outside the VPC.
func (r *reader) functions() {
	r.function = &node{title: "Lambda", lines: []string{r.short(r.apiFunction), fmt.Sprintf("%v MB", r.apiFunction.Number("memorySize"))}}
	for _, alias := range r.g.ByType(types.FunctionAlias) {
		if refers(r.g, alias, "functionName", r.apiFunction) {
			r.function.lines = append(r.function.lines, "alias "+alias.Text("name"))
		}
	}
	for _, warm := range r.g.ByType(types.ProvisionedConcurrency) {
		r.function.lines = append(r.function.lines, fmt.Sprintf("%v provisioned", warm.Number("provisionedConcurrentExecutions")))
	}
	r.connect(r.api, r.function, "")
	for _, f := range r.rest {
		lines := append([]string{r.short(f)}, r.occasions(f)...)
		if f.OutsideVPC() {
			r.outside = aside(r.outside, "Lambda, in no VPC", lines...)
			continue
		}
		r.others = aside(r.others, "Lambda", strings.Join(lines, ", "))
	}
}

// aside adds lines to a box that is not on the request path, and creates it where there is none.
func aside(box *node, title string, lines ...string) *node {
	if box == nil {
		box = &node{title: title, aside: true}
	}
	box.lines = append(box.lines, lines...)
	return box
}

// occasions are the occasions on which a function runs that serves no requests.
func (r *reader) occasions(f *graph.Resource) []string {
	var all []string
	for _, kind := range []struct{ token, function, what string }{
		{types.Invocation, "functionName", "at deploy"},
		{types.SecretRotation, "rotationLambdaArn", "rotates secrets"},
	} {
		if slices.ContainsFunc(r.g.ByType(kind.token), func(by *graph.Resource) bool { return refers(r.g, by, kind.function, f) }) {
			all = append(all, kind.what)
		}
	}
	return all
}

// stores adds cache, proxy and database, with an arrow where security groups open a port and the caller depends on
// the target.
func (r *reader) stores() {
	cache := r.first(types.ReplicationGroup)
	if cache != nil {
		r.cache = &node{title: "ElastiCache " + title(cache.Text("engine")), lines: []string{
			plural(int(cache.Number("numNodeGroups")), "shard") + " of " + plural(1+int(cache.Number("replicasPerNodeGroup")), "node"),
			cache.Text("nodeType"),
		}}
		r.call(cache, r.cache)
	}
	proxy := r.first(types.DBProxy)
	if proxy != nil {
		r.proxy = &node{title: "RDS Proxy"}
		if proxy.True("requireTls") {
			r.proxy.lines = append(r.proxy.lines, "TLS only")
		}
		r.call(proxy, r.proxy)
	}
	former := r.g.FormerClusters()
	for _, cluster := range r.g.ByType(types.Cluster) {
		if slices.Contains(former, cluster) {
			r.former = &node{title: "Aurora PostgreSQL", lines: append([]string{"the former cluster"}, r.clusterLines(cluster)...), aside: true}
			continue
		}
		r.database = &node{title: "Aurora PostgreSQL", lines: r.clusterLines(cluster)}
		r.call(cluster, r.database)
		if proxy != nil {
			r.connect(r.proxy, r.database, r.port(proxy, cluster))
		}
	}
}

func (r *reader) clusterLines(cluster *graph.Resource) []string {
	const scaling = "serverlessv2ScalingConfiguration"
	instances := 0
	for _, instance := range r.g.ByType(types.ClusterInstance) {
		if refers(r.g, instance, "clusterIdentifier", cluster) {
			instances++
		}
	}
	lines := []string{"writer"}
	if instances > 1 {
		lines[0] += " and " + plural(instances-1, "reader")
	}
	return append(lines, fmt.Sprintf("%v to %v ACU each", cluster.Number(scaling, "minCapacity"), cluster.Number(scaling, "maxCapacity")))
}

// call adds the arrows from the functions to what they call.
func (r *reader) call(target *graph.Resource, to *node) {
	if port := r.port(r.apiFunction, target); port != "" && r.dependsOn(r.apiFunction, target) {
		r.connect(r.function, to, port)
	}
	for _, f := range r.rest {
		if port := r.port(f, target); port != "" && r.dependsOn(f, target) {
			r.connect(r.others, to, port)
			return
		}
	}
}

// port is the lowest port on which one resource can connect to another; "" without one.
func (r *reader) port(from, to *graph.Resource) string {
	a, inVPC := r.g.Host(from)
	b, alsoInVPC := r.g.Host(to)
	if !inVPC || !alsoInVPC {
		return ""
	}
	return lowest(graph.Opened(r.rules, a, b))
}

// endpointPort is the lowest port on which a resource can connect to a gateway endpoint's service.
func (r *reader) endpointPort(from, endpoint *graph.Resource) string {
	host, inVPC := r.g.Host(from)
	if !inVPC {
		return ""
	}
	return lowest(graph.OpenedToEndpoint(r.rules, host, endpoint))
}

func lowest(open []graph.Ports) string {
	if len(open) == 0 {
		return ""
	}
	return strconv.Itoa(slices.MinFunc(open, func(a, b graph.Ports) int { return a.From - b.From }).From)
}

// dependsOn reports whether a function depends on a resource: on its address in the environment, for example.
func (r *reader) dependsOn(f, target *graph.Resource) bool {
	return slices.Contains(f.Dependencies, target.URN)
}

// endpoints adds the VPC endpoints, and the AWS services behind them.
func (r *reader) endpoints() {
	var names []string
	var first *graph.Resource
	for _, e := range r.g.ByType(types.VPCEndpoint) {
		service := e.Text("serviceName")
		service = service[strings.LastIndex(service, ".")+1:]
		if e.Text("vpcEndpointType") == "Gateway" {
			r.gatewayEndpoint = &node{title: "gateway endpoint", lines: []string{service}}
			r.connect(r.function, r.gatewayEndpoint, r.endpointPort(r.apiFunction, e))
			continue
		}
		names = append(names, service)
		first = e
	}
	r.buckets()
	if first == nil {
		return
	}
	slices.Sort(names)
	r.interfaces = &node{title: "interface endpoints", lines: []string{plural(len(names), "service")}}
	r.connect(r.function, r.interfaces, r.port(r.apiFunction, first))
	r.services = &node{title: "AWS services"}
	for _, name := range names {
		r.services.lines = append(r.services.lines, r.service(name))
	}
	r.connect(r.interfaces, r.services, "")
}

// service is the line of an AWS service.
func (r *reader) service(name string) string {
	if name == "secretsmanager" {
		return "Secrets Manager, " + plural(len(r.g.ByType(types.Secret)), "secret")
	}
	return strings.ToUpper(name)
}

// buckets adds those that the function depends on.
func (r *reader) buckets() {
	for _, b := range r.g.ByType(types.Bucket) {
		if !r.dependsOn(r.apiFunction, b) {
			continue
		}
		r.bucket = &node{title: "S3", lines: []string{"bucket " + r.short(b)}}
		for _, s := range r.g.ByType(types.BucketEncryption) {
			if refers(r.g, s, "bucket", b) {
				r.bucket.lines = append(r.bucket.lines, "encrypted with our key")
			}
		}
		r.connect(r.gatewayEndpoint, r.bucket, "")
	}
}

// tiers labels the VPC and its tiers of subnets.
func (r *reader) tiers() {
	if vpc := r.first(types.VPC); vpc != nil {
		r.vpc = "VPC " + vpc.Text("cidrBlock")
	}
	counts := map[string]int{}
	for _, s := range r.g.ByType(types.Subnet) {
		counts[s.Text("tags", "SubnetType")]++
	}
	label := func(tier string) string {
		if counts[tier] == 0 {
			return ""
		}
		return plural(counts[tier], strings.ToLower(tier)+" subnet")
	}
	r.private, r.isolated, r.publicTier = label("Private"), label("Isolated"), label("Public")
	if n := len(r.g.ByType(types.NATGateway)); n > 0 {
		r.nat = &node{title: plural(n, "NAT gateway"), aside: true}
	}
}

// short is a resource's name without project, stack and component.
func (r *reader) short(resource *graph.Resource) string {
	parent := r.g.Find(resource.Parent)
	if parent == nil {
		return resource.Name
	}
	return strings.TrimPrefix(resource.Name, parent.Name+"-")
}

func refers(g *graph.Graph, from *graph.Resource, input string, to *graph.Resource) bool {
	return slices.ContainsFunc(g.Refs(from, input), func(r *graph.Resource) bool { return r.URN == to.URN })
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}

// title is a word with a capital initial.
func title(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}
