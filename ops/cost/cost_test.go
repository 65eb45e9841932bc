package cost

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// resource is one of the stack "prod", with what it refers to.
func resource(token, name string, inputs map[string]any) graph.Resource {
	return graph.Resource{
		URN: "urn:pulumi:prod::didomi::" + token + "::" + name, Type: token, Name: name, ID: name,
		Custom: true, Inputs: inputs, Outputs: map[string]any{"name": name},
	}
}

// permission allows a service to invoke a function, whose name may be unknown in a preview.
func permission(principal, function string) graph.Resource {
	r := resource("aws:lambda/permission:Permission", function, map[string]any{"principal": principal, "function": graph.Unknown})
	r.PropertyDependencies = map[string][]string{"function": {"urn:pulumi:prod::didomi::" + types.Function + "::" + function}}
	return r
}

func TestFactsAreReadFromTheGraph(t *testing.T) {
	type m = map[string]any
	several := func(resources ...graph.Resource) []graph.Resource { return resources }
	for name, c := range map[string]struct {
		resources []graph.Resource
		want      Facts
	}{
		"NAT gateways, addresses and the zones of the subnets": {
			several(
				resource("aws:ec2/subnet:Subnet", "a-private", m{"availabilityZone": "eu-west-1a"}),
				resource("aws:ec2/subnet:Subnet", "a-public", m{"availabilityZone": "eu-west-1a"}),
				resource("aws:ec2/subnet:Subnet", "b-private", m{"availabilityZone": "eu-west-1b"}),
				resource("aws:ec2/natGateway:NatGateway", "a", nil), resource("aws:ec2/eip:Eip", "a", nil),
			),
			Facts{Zones: 2, NATGateways: 1, Addresses: 1},
		},
		"endpoints by zone, gateway endpoints not": {
			several(
				resource("aws:ec2/subnet:Subnet", "a", m{"availabilityZone": "eu-west-1a"}),
				resource("aws:ec2/vpcEndpoint:VpcEndpoint", "secretsmanager", m{"vpcEndpointType": "Interface", "subnetIds": []any{"a", "b", "c"}}),
				resource("aws:ec2/vpcEndpoint:VpcEndpoint", "new", m{"vpcEndpointType": "Interface", "subnetIds": graph.Unknown}),
				resource("aws:ec2/vpcEndpoint:VpcEndpoint", "s3", m{"vpcEndpointType": "Gateway"}),
			),
			Facts{Zones: 1, Endpoints: 4},
		},
		"a cluster with the secret that RDS manages": {
			several(
				resource("aws:rds/cluster:Cluster", "c", m{
					"manageMasterUserPassword":         true,
					"serverlessv2ScalingConfiguration": m{"minCapacity": 0.5, "maxCapacity": 4.0},
				}),
				resource("aws:rds/clusterInstance:ClusterInstance", "1", m{"instanceClass": "db.serverless", "performanceInsightsRetentionPeriod": 7.0}),
				resource("aws:rds/proxy:Proxy", "p", nil),
			),
			Facts{Instances: 1, MinACU: 0.5, MaxACU: 4, Monthly: map[string]int{types.Secret: 1}, Proxies: 1},
		},
		"the function that API Gateway may invoke, and no other": {
			several(
				resource("aws:lambda/function:Function", "api", m{"memorySize": 1024.0, "architectures": []any{"arm64"}}),
				resource("aws:lambda/function:Function", "migrate", m{"memorySize": 256.0}),
				permission("apigateway.amazonaws.com", "api"),
				permission("secretsmanager.amazonaws.com", "migrate"),
				resource("aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig", "w", m{"provisionedConcurrentExecutions": 2.0}),
			),
			Facts{MemoryMB: 1024, Architecture: "arm64", Provisioned: 2},
		},
		"five metrics of each method in the API's document": {
			several(
				resource("aws:apigateway/restApi:RestApi", "a", m{"body": `{"paths":{"/a":{"get":{},"put":{},"parameters":[]},"/b":{"x-amazon-apigateway-any-method":{}}}}`}),
				resource("aws:apigateway/methodSettings:MethodSettings", "s", m{"settings": m{"metricsEnabled": true}}),
			),
			Facts{Gateways: 1, MethodMetrics: 15},
		},
		"an alarm on an expression is priced by its metrics": {
			several(
				resource("aws:cloudwatch/metricAlarm:MetricAlarm", "a", m{"metricName": "Errors"}),
				resource("aws:cloudwatch/metricAlarm:MetricAlarm", "b", m{"metricQueries": []any{
					m{"id": "e", "expression": "a/b"}, m{"id": "a", "metric": m{}}, m{"id": "b", "metric": m{}},
				}}),
			),
			Facts{Monthly: map[string]int{types.MetricAlarm: 3}},
		},
		"the rest, one by one": {
			several(
				resource("aws:elasticache/replicationGroup:ReplicationGroup", "r", m{"engine": "redis", "nodeType": "cache.t4g.micro", "numNodeGroups": 3.0, "replicasPerNodeGroup": 1.0}),
				resource("aws:wafv2/webAcl:WebAcl", "w", m{"rules": []any{m{}, m{}}}),
				resource(types.WebACLLogging, "all", m{}), resource(types.WebACLLogging, "blocked", m{"loggingFilter": m{}}),
				resource("aws:secretsmanager/secret:Secret", "s", nil), resource("aws:kms/key:Key", "k", nil),
				resource("aws:cloudwatch/logGroup:LogGroup", "l", m{"retentionInDays": 30.0}),
				resource("aws:cloudwatch/logGroup:LogGroup", "longer", m{"retentionInDays": 90.0}),
				resource("aws:s3/bucketV2:BucketV2", "b", nil), resource("aws:route53/zone:Zone", "z", nil),
			),
			Facts{CacheEngine: "redis", CacheNode: "cache.t4g.micro", Shards: 3, Replicas: 1, WebACLs: 1, WebACLRules: 2, WebACLLogs: 1,
				Monthly: map[string]int{types.Secret: 1, types.Key: 1, types.Zone: 1}, LogDays: 90, Buckets: 1},
		},
		"what a preview deletes no longer counts": {
			several(func() graph.Resource {
				r := resource("aws:ec2/natGateway:NatGateway", "a", nil)
				r.Op = "delete"
				return r
			}()),
			Facts{},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Read(&graph.Graph{Resources: c.resources}); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

func TestAResourceWithoutAPriceIsListedAndNeverZero(t *testing.T) {
	type m = map[string]any
	for name, c := range map[string]struct {
		resource graph.Resource
		want     string
	}{
		"a type without a row": {
			resource("aws:example/madeUp:MadeUp", "it", nil), // no type of AWS's, so nobody adds its row
			"aws:example/madeUp:MadeUp it: its type has no row in ops/types",
		},
		"a type whose row has no cost": {
			resource(withoutCost(t), "it", nil), withoutCost(t) + " it: its row in ops/types has no cost",
		},
		"Performance Insights beyond the free days": {
			resource("aws:rds/clusterInstance:ClusterInstance", "1", m{"instanceClass": "db.serverless", "performanceInsightsRetentionPeriod": 731.0}),
			"aws:rds/clusterInstance:ClusterInstance 1: Performance Insights kept for 731 days has no price row",
		},
		"an instance of a class": {
			resource("aws:rds/clusterInstance:ClusterInstance", "1", m{"instanceClass": "db.r7g.large"}),
			"aws:rds/clusterInstance:ClusterInstance 1: instance class db.r7g.large has no price row",
		},
		"a function that API Gateway may not invoke": {
			resource(types.Function, "f", m{"memorySize": 512.0}),
			types.Function + " f: API Gateway may invoke none of the functions",
		},
		"I/O-optimized storage": {
			resource("aws:rds/cluster:Cluster", "c", m{"storageType": "aurora-iopt1"}),
			"aws:rds/cluster:Cluster c: storage aurora-iopt1 has prices of its own",
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := Read(&graph.Graph{Resources: []graph.Resource{c.resource}})
			if !slices.Equal(f.Unpriced, []string{c.want}) {
				t.Errorf("got %q, want %q", f.Unpriced, c.want)
			}
		})
	}
}

// withoutCost is a type whose row has no cost: one that no stack creates yet.
func withoutCost(t *testing.T) string {
	t.Helper()
	all := types.All()
	i := slices.IndexFunc(all, func(row types.Type) bool { return row.Cost == types.Cost{} })
	if i < 0 {
		t.Fatal("every row in ops/types has a cost: add a row without one to ops/types/unused.go, for a type that can be public or hold data")
	}
	return all[i].Token
}

func TestEveryModelledTypeHasAReader(t *testing.T) {
	for _, row := range types.All() {
		if _, ok := readers[row.Token]; row.Cost.Modelled != ok && row.Cost.Price == "" {
			t.Errorf("%s: modelled is %v in its row of ops/types, and %v by the readers of cost/facts.go", row.Token, row.Cost.Modelled, ok)
		}
	}
	for token := range readers {
		if types.Of(token).Cost.Free {
			t.Errorf("%s is free by its row in ops/types, and cost/facts.go has a reader of it", token)
		}
	}
}

func TestImpossibleTrafficIsRejected(t *testing.T) {
	for name, c := range map[string]struct {
		set, want string
	}{
		"a number that does not exist":       {"request=5", `--set request=5: the traffic has no number "request"; it has accessLogKB, `},
		"a value that is no number":          {"requests=many", "--set requests=many: must be requests=NUMBER, such as requests="},
		"no number":                          {"requests", "--set requests: must be requests=NUMBER"},
		"a share above one":                  {"cacheHits=90", "cacheHits is 90; must be a number, from 0 to 1"},
		"a value that is not finite":         {"natGB=Inf", "natGB is +Inf; must be a number, 0 or more"},
		"a value that is not a number":       {"natGB=NaN", "natGB is NaN; must be a number, 0 or more"},
		"a negative number":                  {"itemKB=-1", "itemKB is -1; must be a number, 0 or more"},
		"fewer requests than those of files": {"requests=10", "must be at least fileRequests and writes together"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := loadTraffic([]string{c.set})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAllProblemsOfTheTrafficAreReported(t *testing.T) {
	_, err := loadTraffic([]string{"request=5", "natGB=much"})
	if err == nil || !strings.Contains(err.Error(), "--set request=5") || !strings.Contains(err.Error(), "--set natGB=much") {
		t.Errorf("got %v", err)
	}
}

func TestNumbersReplaceTheAssumptions(t *testing.T) {
	got, err := loadTraffic([]string{"requests=5e6", "itemKB=4"})
	if err != nil {
		t.Fatal(err)
	}
	if got.Requests != 5e6 || got.ItemKB != 4 || got.CacheHits != 0.9 {
		t.Errorf("got %+v", got)
	}
}

// state is a stack with a NAT gateway and its address, as `pulumi stack export` prints it.
const state = `{"deployment":{"resources":[
	{"urn":"urn:pulumi:prod::didomi::aws:ec2/natGateway:NatGateway::n","type":"aws:ec2/natGateway:NatGateway","custom":true},
	{"urn":"urn:pulumi:prod::didomi::aws:ec2/eip:Eip::n","type":"aws:ec2/eip:Eip","custom":true}]}}`

func runCost(t *testing.T, stdin string, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := Run(context.Background(), command.IO{Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &out}, args)
	return out.String(), err
}

func TestTheTableListsPartsSwitchesAndWhatIsLeftOut(t *testing.T) {
	printed, err := runCost(t, state, "--state", "-", "--items")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"prod, a month of 30 million requests", "fixed  by traffic     month", "gateway hours", "natGateway.hour", "The 3 price rows used were all compared with a source.", "Not in the sum"} {
		if !strings.Contains(printed, want) {
			t.Errorf("%q is not in\n%s", want, printed)
		}
	}
}

func TestAReportIsComparedWithAnEarlierOne(t *testing.T) {
	printed, err := runCost(t, state, "--state", "-", "--json")
	if err != nil {
		t.Fatal(err)
	}
	base := filepath.Join(t.TempDir(), "base.json")
	if err := os.WriteFile(base, []byte(printed), 0o600); err != nil {
		t.Fatal(err)
	}
	var before Report
	if err := json.Unmarshal([]byte(printed), &before); err != nil {
		t.Fatal(err)
	}
	zone := `{"deployment":{"resources":[{"urn":"urn:pulumi:prod::didomi::aws:route53/zone:Zone::z","type":"aws:route53/zone:Zone","custom":true}]}}`
	printed, err = runCost(t, zone, "--state", "-", "--json", "--base", base)
	if err != nil {
		t.Fatal(err)
	}
	var after Report
	if err := json.Unmarshal([]byte(printed), &after); err != nil {
		t.Fatal(err)
	}
	want := &Change{
		Total: cents(0.5 - before.Total), SameTraffic: true,
		Parts: []PartChange{{"DNS", 0, 0.5}, {"NAT", before.Total, 0}},
	}
	if before.Total == 0 || !reflect.DeepEqual(after.Change, want) {
		t.Errorf("got %+v, want %+v", after.Change, want)
	}
	if printed, err = runCost(t, state, "--state", "-", "--base", base, "--set", "natGB=2"); err != nil || !strings.Contains(printed, "other traffic") {
		t.Errorf("a base of other traffic is not reported: %v\n%s", err, printed)
	}
}
