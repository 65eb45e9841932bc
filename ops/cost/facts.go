package cost

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// Facts are what a stack's cost depends on, read from its graph.
type Facts struct {
	Region string
	Zones  int

	NATGateways, Addresses int
	// Endpoints are the network interfaces of interface endpoints, one for each endpoint and zone.
	Endpoints int

	// Instances are of Aurora Serverless v2; MinACU and MaxACU hold for each.
	Instances      int
	MinACU, MaxACU float64
	Proxies        int

	CacheEngine, CacheNode string
	Shards, Replicas       int

	Buckets, Gateways int
	// Replications are of buckets, to another region. CopyDays is how long a daily snapshot of the database is kept there.
	Replications int
	CopyDays     float64
	// MethodMetrics are API Gateway's metrics of single methods.
	MethodMetrics int

	// MemoryMB and Architecture are those of the API's function, Provisioned is its provisioned concurrency.
	MemoryMB     float64
	Architecture string
	Provisioned  int
	WebACLs      int
	WebACLRules  int
	// WebACLLogs are those of every request.
	WebACLLogs int

	// LogDays is the longest retention of all log groups.
	LogDays  float64
	FlowLogs int

	// Monthly counts the resources with a monthly price in ops/types, by type.
	Monthly map[string]int

	// Unpriced are the resources that may cost something and have no price.
	Unpriced []string
}

// reader adds a resource to the facts.
type reader func(*Facts, *graph.Graph, *graph.Resource)

// readers are by type: those of types that ops/types calls modelled, and of types that are not counted one by one.
var readers = map[string]reader{
	types.NATGateway:             count(func(f *Facts) *int { return &f.NATGateways }),
	types.EIP:                    count(func(f *Facts) *int { return &f.Addresses }),
	types.VPCEndpoint:            (*Facts).readEndpoint,
	types.FlowLog:                count(func(f *Facts) *int { return &f.FlowLogs }),
	types.Cluster:                (*Facts).readCluster,
	types.ClusterInstance:        (*Facts).readInstance,
	types.DBProxy:                count(func(f *Facts) *int { return &f.Proxies }),
	types.ReplicationGroup:       (*Facts).readCache,
	types.Bucket:                 count(func(f *Facts) *int { return &f.Buckets }),
	types.BucketReplication:      count(func(f *Facts) *int { return &f.Replications }),
	types.BackupPlan:             (*Facts).readBackupPlan,
	types.RestAPI:                count(func(f *Facts) *int { return &f.Gateways }),
	types.MethodSettings:         (*Facts).readMethods,
	types.Function:               (*Facts).readFunction,
	types.ProvisionedConcurrency: (*Facts).readProvisioned,
	types.WebACL:                 (*Facts).readWebACL,
	types.WebACLLogging:          (*Facts).readWebACLLog,
	types.LogGroup:               (*Facts).readLogGroup,
	types.MetricAlarm:            (*Facts).readAlarm,
}

// count is the reader of a type that is priced by number.
func count(of func(*Facts) *int) reader {
	return func(f *Facts, _ *graph.Graph, _ *graph.Resource) { *of(f)++ }
}

// Read reads the facts from a graph. What a preview deletes does not count.
func Read(g *graph.Graph) Facts {
	f := Facts{Zones: zones(g), Region: g.Region()}
	for i := range g.Resources {
		r := &g.Resources[i]
		if r.Op == "delete" {
			continue
		}
		f.read(g, r)
	}
	if functions := g.ByType(types.Function); f.MemoryMB == 0 && len(functions) > 0 {
		f.unpriced(functions[0], "API Gateway may invoke none of the functions")
	}
	return f
}

func (f *Facts) read(g *graph.Graph, r *graph.Resource) {
	row, known := types.Find(r.Type)
	switch read := readers[r.Type]; {
	case read != nil:
		read(f, g, r)
	case row.Cost.Price != "":
		f.countMonthly(r.Type, 1)
	case r.Custom && !row.Cost.Free && !strings.HasPrefix(r.Type, "pulumi:"):
		f.unpriced(r, map[bool]string{false: "its type has no row in ops/types", true: "its row in ops/types has no cost"}[known])
	}
}

func (f *Facts) countMonthly(token string, n int) {
	if f.Monthly == nil {
		f.Monthly = map[string]int{}
	}
	f.Monthly[token] += n
}

func (f *Facts) unpriced(r *graph.Resource, why string) {
	f.Unpriced = append(f.Unpriced, fmt.Sprintf("%s %s: %s", r.Type, r.Name, why))
}

// zones counts the availability zones of the stack's subnets.
func zones(g *graph.Graph) int {
	seen := map[string]bool{}
	for _, subnet := range g.ByType(types.Subnet) {
		if subnet.Op != "delete" {
			seen[subnet.Text("availabilityZone")] = true
		}
	}
	return len(seen)
}

// readEndpoint counts an interface in each zone; gateway endpoints are free.
func (f *Facts) readEndpoint(_ *graph.Graph, r *graph.Resource) {
	if r.Text("vpcEndpointType") != "Interface" {
		return
	}
	// Before the first update the subnets are unknown: there is one in each zone.
	interfaces := f.Zones
	if subnets, known := r.Value("subnetIds").([]any); known {
		interfaces = len(subnets)
	}
	f.Endpoints += interfaces
}

// readBackupPlan reads how long the copies of the plan's daily snapshots are kept.
func (f *Facts) readBackupPlan(_ *graph.Graph, r *graph.Resource) {
	rules, _ := r.Value("rules").([]any)
	for _, rule := range rules {
		actions, _ := rule.(map[string]any)["copyActions"].([]any)
		for _, action := range actions {
			lifecycle, _ := action.(map[string]any)["lifecycle"].(map[string]any)
			days, _ := lifecycle["deleteAfter"].(float64)
			f.CopyDays += days
		}
	}
}

func (f *Facts) readCluster(_ *graph.Graph, r *graph.Resource) {
	f.MinACU = r.Number("serverlessv2ScalingConfiguration", "minCapacity")
	f.MaxACU = r.Number("serverlessv2ScalingConfiguration", "maxCapacity")
	if r.True("manageMasterUserPassword") {
		f.countMonthly(types.Secret, 1)
	}
	if storage := r.Text("storageType"); storage != "" && storage != "aurora" {
		f.unpriced(r, "storage "+storage+" has prices of its own")
	}
}

// freeInsightsDays is the retention of Performance Insights that is free.
const freeInsightsDays = 7

func (f *Facts) readInstance(_ *graph.Graph, r *graph.Resource) {
	if class := r.Text("instanceClass"); class != "db.serverless" {
		f.unpriced(r, "instance class "+class+" has no price row")
		return
	}
	f.Instances++
	if days := r.Number("performanceInsightsRetentionPeriod"); days > freeInsightsDays {
		f.unpriced(r, fmt.Sprintf("Performance Insights kept for %v days has no price row", days))
	}
}

func (f *Facts) readCache(_ *graph.Graph, r *graph.Resource) {
	f.CacheEngine, f.CacheNode = r.Text("engine"), r.Text("nodeType")
	f.Shards, f.Replicas = int(r.Number("numNodeGroups")), int(r.Number("replicasPerNodeGroup"))
}

// metricsPerMethod are Count, Latency, IntegrationLatency, 4XXError and 5XXError.
const metricsPerMethod = 5

// readMethods counts the methods of the API's document, where it is known.
func (f *Facts) readMethods(g *graph.Graph, r *graph.Resource) {
	if !r.True("settings", "metricsEnabled") {
		return
	}
	methods := 0
	for _, api := range g.ByType(types.RestAPI) {
		var document struct {
			Paths map[string]map[string]json.RawMessage `json:"paths"`
		}
		if err := json.Unmarshal([]byte(api.Text("body")), &document); err != nil {
			f.unpriced(r, "the number of methods with their own metrics is not known before the update")
			continue
		}
		for _, path := range document.Paths {
			for key := range path {
				if key != "parameters" {
					methods++
				}
			}
		}
	}
	f.MethodMetrics += methods * metricsPerMethod
}

// readFunction reads the function that API Gateway may invoke; the others run at deployments and rotations, for cents.
func (f *Facts) readFunction(g *graph.Graph, r *graph.Resource) {
	if g.InvokedByAPIGateway() != r {
		return
	}
	f.MemoryMB, f.Architecture = r.Number("memorySize"), "x86_64"
	if list, ok := r.Value("architectures").([]any); ok && len(list) == 1 {
		f.Architecture = fmt.Sprint(list[0])
	}
}

// readProvisioned counts the lowest provisioned concurrency; scaling adds to it under load.
func (f *Facts) readProvisioned(_ *graph.Graph, r *graph.Resource) {
	f.Provisioned += int(r.Number("provisionedConcurrentExecutions"))
}

func (f *Facts) readWebACL(_ *graph.Graph, r *graph.Resource) {
	f.WebACLs++
	if rules, ok := r.Value("rules").([]any); ok {
		f.WebACLRules += len(rules)
	}
}

// readWebACLLog counts the logs of all requests. One with a filter keeps blocked requests, which are no clients' traffic.
func (f *Facts) readWebACLLog(_ *graph.Graph, r *graph.Resource) {
	if r.Value("loggingFilter") == nil {
		f.WebACLLogs++
	}
}

func (f *Facts) readLogGroup(_ *graph.Graph, r *graph.Resource) {
	f.LogDays = max(f.LogDays, r.Number("retentionInDays"))
}

// readAlarm counts the metrics that an alarm watches; each is priced as an alarm.
func (f *Facts) readAlarm(_ *graph.Graph, r *graph.Resource) {
	metrics := 0
	if queries, ok := r.Value("metricQueries").([]any); ok {
		for _, query := range queries {
			if q, ok := query.(map[string]any); ok && q["metric"] != nil {
				metrics++
			}
		}
	}
	f.countMonthly(types.MetricAlarm, max(1, metrics))
}
