package preflight

import (
	"context"
	"errors"
	"maps"
	"net"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

type m = map[string]any

// step is a resource of the stack "prod" with what a preview does to it.
func step(op, token, name string, inputs m) graph.Resource {
	return graph.Resource{
		URN: "urn:pulumi:prod::didomi::" + token + "::" + name, Type: token, Name: name, Custom: true, Op: op, Inputs: inputs, Outputs: m{},
	}
}

// refers makes an input of the resource, with an unknown value, depend on another resource.
func refers(r graph.Resource, input string, to graph.Resource) graph.Resource {
	r.Inputs = maps.Clone(r.Inputs)
	r.Inputs[input] = graph.Unknown
	r.PropertyDependencies = map[string][]string{input: {to.URN}}
	return r
}

func was(r graph.Resource, before m, diffs ...string) graph.Resource {
	r.Before, r.Diffs = before, diffs
	return r
}

func stack(resources ...graph.Resource) *graph.Graph {
	return &graph.Graph{Project: "didomi", Stack: "prod", Resources: resources}
}

func TestNeedsAreWhatThePreviewCreates(t *testing.T) {
	const (
		nat   = "aws:ec2/natGateway:NatGateway"
		group = types.ReplicationGroup
	)
	a, b := step("create", types.Subnet, "a", m{"availabilityZone": "eu-west-1a"}), step("same", types.Subnet, "b", m{"availabilityZone": "eu-west-1b"})
	for name, test := range map[string]struct {
		needed func(*graph.Graph) map[string]int
		g      *graph.Graph
		want   map[string]int
	}{
		"existing, deleted and replaced resources need nothing": {created("aws:ec2/vpc:Vpc"), stack(
			step("create", "aws:ec2/vpc:Vpc", "new", nil), step("same", "aws:ec2/vpc:Vpc", "old", nil),
			step("update", "aws:ec2/vpc:Vpc", "changed", nil), step("delete", "aws:ec2/vpc:Vpc", "gone", nil),
			step("replace", "aws:ec2/vpc:Vpc", "again", nil),
		), map[string]int{"": 1}},
		"NAT gateways by the zone of their subnets": {natGateways, stack(a, b,
			refers(step("create", nat, "1", m{}), "subnetId", a), refers(step("create", nat, "2", m{}), "subnetId", b),
			refers(step("same", nat, "3", m{}), "subnetId", b),
		), map[string]int{"eu-west-1a": 1, "eu-west-1b": 1}},
		"interface endpoints by VPC": {interfaceEndpoints, stack(
			step("create", types.VPCEndpoint, "s3", m{"vpcEndpointType": "Gateway", "vpcId": "vpc-1"}),
			step("create", types.VPCEndpoint, "kms", m{"vpcEndpointType": "Interface", "vpcId": "vpc-1"}),
			step("create", types.VPCEndpoint, "sts", m{"vpcEndpointType": "Interface", "vpcId": graph.Unknown}),
		), map[string]int{"vpc-1": 1, "a new VPC": 1}},
		"gateway endpoints alone": {gatewayEndpoints, stack(
			step("create", types.VPCEndpoint, "s3", m{"vpcEndpointType": "Gateway"}), step("create", types.VPCEndpoint, "kms", m{"vpcEndpointType": "Interface"}),
		), map[string]int{"": 1}},
		"nodes of a new cache": {cacheNodes, stack(step("create", group, "c", m{"numNodeGroups": 3.0, "replicasPerNodeGroup": 1.0})), map[string]int{"": 6}},
		"nodes that a cache grows by": {cacheNodes, stack(
			was(step("update", group, "c", m{"numNodeGroups": 3.0, "replicasPerNodeGroup": 1.0}), m{"numNodeGroups": 2.0, "replicasPerNodeGroup": 0.0}),
			was(step("update", group, "smaller", m{"numNodeGroups": 1.0}), m{"numNodeGroups": 2.0}),
		), map[string]int{"": 4}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.needed(test.g); !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestAQuotaIsComparedInEachOfItsScopes(t *testing.T) {
	row := quota{
		name: "nat-gateways", what: "NAT gateways of a zone", service: "vpc", code: "L-FE5A380F",
		needed: func(*graph.Graph) map[string]int { return map[string]int{"a": 1, "b": 2, "c": 1} },
		used: func(context.Context, *account) (map[string]int, error) {
			return map[string]int{"a": 4, "b": 4, "d": 9}, nil
		},
		limit: func(context.Context, *account) (float64, error) { return 5, nil },
	}
	found, err := row.check(t.Context(), &account{region: "eu-west-1"}, stack())
	if err != nil || len(found) != 1 || !strings.Contains(found[0].What, "2 more NAT gateways of a zone in b; 4 of 5 are used") ||
		!strings.Contains(found[0].Do, "--region eu-west-1 --service-code vpc --quota-code L-FE5A380F --desired-value 6") {
		t.Errorf("%+v, %v", found, err)
	}
	row.used = func(context.Context, *account) (map[string]int, error) { return nil, errors.New("AccessDenied") }
	if found, err := row.check(t.Context(), &account{}, stack()); err == nil || len(found) > 0 {
		t.Errorf("what could not be counted is %+v, %v", found, err)
	}
}

// Provisioned concurrency counts against the account's concurrency unless its function has a reservation; a new
// version's is allocated before the old one's is released.
// https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
func TestConcurrencyIsWhatFunctionsReserveAndProvision(t *testing.T) {
	const (
		function = "aws:lambda/function:Function"
		warm     = "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig"
		target   = "aws:appautoscaling/target:Target"
	)
	two := m{"provisionedConcurrentExecutions": 2.0}
	grows := step("create", target, "t", m{"scalableDimension": "lambda:function:ProvisionedConcurrency", "maxCapacity": 10.0})
	free, reserving := step("create", function, "f", m{"reservedConcurrentExecutions": -1.0}), step("create", function, "f", m{"reservedConcurrentExecutions": 20.0})
	for name, test := range map[string]struct {
		g           *graph.Graph
		more, taken int
	}{
		"nothing":                        {stack(free), 0, 0},
		"a reservation":                  {stack(reserving), 20, 0},
		"provisioned without one":        {stack(free, refers(step("create", warm, "w", two), "functionName", free)), 2, 0},
		"provisioned out of one":         {stack(reserving, refers(step("create", warm, "w", two), "functionName", reserving)), 20, 0},
		"as far as scaling lets it grow": {stack(free, refers(step("create", warm, "w", two), "functionName", free), grows), 10, 0},
		"a new version next to the old":  {stack(was(step("replace", warm, "w", two), two)), 2, 2},
		"what is there already":          {stack(step("same", warm, "w", two)), 0, 2},
		"a higher reservation":           {stack(was(step("update", function, "f", m{"reservedConcurrentExecutions": 20.0}), m{"reservedConcurrentExecutions": 5.0})), 15, 0},
		"a deletion":                     {stack(step("delete", warm, "w", two), step("delete", function, "f", m{"reservedConcurrentExecutions": 5.0})), 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if more, taken := concurrency(test.g); more != test.more || taken != test.taken {
				t.Errorf("%d more, %d taken; want %d and %d", more, taken, test.more, test.taken)
			}
		})
	}
}

// A stream of 16 MB holds an execution for five seconds: the first 6 MB are not throttled, the rest has 2 MB/s.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
func TestStreamsAreBoundedByTheThrottlesOfTheirRoutes(t *testing.T) {
	function := func(op string, reserved float64, megabytes any) graph.Resource {
		return step(op, "aws:lambda/function:Function", "f", m{
			"reservedConcurrentExecutions": reserved, "environment": m{"variables": m{"STREAM_MAX_MB": megabytes, "DB_HOST": graph.Unknown}},
		})
	}
	method := func(op, path string, rate, burst float64) graph.Resource {
		return step(op, "aws:apigateway/methodSettings:MethodSettings", path, m{
			"methodPath": path, "settings": m{"throttlingRateLimit": rate, "throttlingBurstLimit": burst},
		})
	}
	files, all := method("same", "~1scans~1{key+}/GET", 14, 28), method("same", "*/*", 100, 200)
	for name, test := range map[string]struct {
		g      *graph.Graph
		held   int
		shared bool
	}{
		"a function that shares the account's": {stack(function("create", -1, "16"), all, files), 98, true},
		"two routes that stream":               {stack(function("create", -1, "16"), files, method("same", "~1tapes/GET", 1, 2)), 98 + 2 + 5, true},
		"larger streams":                       {stack(function("update", -1, "200"), files), 28 + 14*97, true},
		"streams that are not throttled":       {stack(function("same", -1, "6"), files), 42, true},
		"a function with a reservation":        {stack(function("create", 400, "16"), files), 28, false},
		"a deleted function":                   {stack(function("delete", -1, "16"), files), 28, false},
		"a function that streams nothing":      {stack(function("create", -1, nil), files), 28, false},
	} {
		t.Run(name, func(t *testing.T) {
			if s, shared := streamsOf(test.g, []string{"GET /scans/{key+}", "GET /tapes"}); s.held() != test.held || shared != test.shared {
				t.Errorf("%+v holds %d, shared %v; want %d, %v", s, s.held(), shared, test.held, test.shared)
			}
		})
	}
}

func TestOnlyChangedInputsAreLookedUp(t *testing.T) {
	for name, test := range map[string]struct {
		r    graph.Resource
		want bool
	}{
		"a new resource":              {step("create", "t", "r", nil), true},
		"a replaced one":              {step("replace", "t", "r", nil), true},
		"a change of the input":       {was(step("update", "t", "r", nil), nil, "engineVersion"), true},
		"a change within the input":   {was(step("update", "t", "r", nil), nil, "engineVersion.minor"), true},
		"a change of something else":  {was(step("update", "t", "r", nil), nil, "tags"), false},
		"an input that begins alike":  {was(step("update", "t", "r", nil), nil, "engineVersionActual"), false},
		"a resource that stays or go": {step("same", "t", "r", nil), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := changes(&test.r, "engineVersion"); got != test.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestDelegationIsLookedUp(t *testing.T) {
	there := step("same", "aws:route53/zone:Zone", "z", m{"name": "prod.didomi.example"})
	there.Outputs = m{"nameServers": []any{"ns-1.awsdns-01.org", "ns-2.awsdns-02.com"}}
	none := &net.DNSError{Err: "no such host", IsNotFound: true}
	for name, test := range map[string]struct {
		zone    graph.Resource
		servers []*net.NS
		err     error
		missing string
		failed  bool
	}{
		"a zone that the parent leads to":  {zone: there, servers: []*net.NS{{Host: "NS-2.awsdns-02.com."}}},
		"a zone that does not exist yet":   {zone: step("create", "aws:route53/zone:Zone", "z", m{"name": "prod.didomi.example"}), missing: "does not exist yet"},
		"a name that is not delegated":     {zone: there, err: none, missing: "no name servers"},
		"a name that leads somewhere else": {zone: there, servers: []*net.NS{{Host: "ns.other.example."}}, missing: "delegated to ns.other.example."},
		"a resolver that times out":        {zone: there, err: &net.DNSError{Err: "timeout", IsTimeout: true}, failed: true},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := delegated(t.Context(), &test.zone, func(context.Context, string) ([]*net.NS, error) { return test.servers, test.err })
			if (err != nil) != test.failed {
				t.Fatalf("error %v", err)
			}
			if test.missing == "" && len(found) > 0 || test.missing != "" && (len(found) != 1 || !strings.Contains(found[0].What, test.missing) || found[0].Do == "") {
				t.Errorf("%+v, want %q", found, test.missing)
			}
		})
	}
}

// https://www.pulumi.com/docs/iac/concepts/secrets/: awskms://<id, alias or ARN>?region=..
func TestTheKeyIsReadFromTheStacksFile(t *testing.T) {
	const arn = "arn:aws:kms:eu-west-1:123456789012:key/1234"
	for provider, want := range map[string][2]string{
		"awskms://alias/state?region=eu-west-1":            {"alias/state", "eu-west-1"},
		"awskms:///" + arn + "?region=eu-west-1&awssdk=v2": {arn, "eu-west-1"},
		"awskms://1234": {"1234", ""},
	} {
		id, region, err := awsKey(provider)
		if err != nil || id != want[0] || region != want[1] {
			t.Errorf("%s: %s, %s, %v", provider, id, region, err)
		}
	}
	for _, provider := range []string{"", "passphrase", "gcpkms://k"} {
		if _, _, err := awsKey(provider); err == nil {
			t.Errorf("%q is accepted", provider)
		}
	}
}
