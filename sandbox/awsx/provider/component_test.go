package provider

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

type values = map[string]any

func list(elements ...any) []any { return elements }

func of(kind string) values { return values{"type": kind} }

func with(object values, key string, value any) values {
	extended := maps.Clone(object)
	extended[key] = value
	return extended
}

// auto is a layout of two zones with a public and a private subnet each.
func auto(more values) values {
	inputs := values{
		"cidrBlock": "10.0.0.0/16", "numberOfAvailabilityZones": 2, "subnetStrategy": "Auto",
		"natGateways": values{"strategy": "None"}, "subnetSpecs": list(of("Public"), of("Private")),
	}
	maps.Copy(inputs, more)
	return inputs
}

func (e *engine) mustConstruct(t *testing.T, inputs values) values {
	t.Helper()
	outputs, err := e.construct(t, inputs)
	if err != nil {
		t.Fatal(err)
	}
	return outputs
}

func TestChildrenHaveTheOneTheyDependOnAsParentAndTheComponentsProvider(t *testing.T) {
	e := newEngine(t)
	e.mustConstruct(t, auto(values{
		"natGateways":      values{"strategy": "Single"},
		"vpcEndpointSpecs": list(values{"serviceName": "com.amazonaws.us-east-1.s3"}),
	}))
	vpc, subnet := childURN("aws:ec2/vpc:Vpc", "net"), childURN("aws:ec2/subnet:Subnet", "net-public-1")
	table := childURN("aws:ec2/routeTable:RouteTable", "net-public-1")
	for _, c := range []struct{ kind, name, parent string }{
		{"InternetGateway", "net", vpc},
		{"VpcEndpoint", "com.amazonaws.us-east-1.s3", vpc},
		{"Subnet", "net-public-1", vpc},
		{"RouteTable", "net-public-1", subnet},
		{"Eip", "net-1", subnet},
		{"NatGateway", "net-1", subnet},
		{"RouteTableAssociation", "net-public-1", table},
		{"Route", "net-public-1", table},
	} {
		got := e.find(t, c.kind, c.name)
		if got.parent != c.parent || !slices.Contains(got.dependencies, c.parent) {
			t.Errorf("%s %s has the parent %s and depends on %v, want %s for both", c.kind, c.name, got.parent, got.dependencies, c.parent)
		}
	}
	if got := e.find(t, "Vpc", "net"); got.parent != componentURN || len(got.dependencies) != 0 {
		t.Errorf("the VPC has the parent %s and depends on %v, want the component and nothing", got.parent, got.dependencies)
	}
	for _, c := range e.sorted() {
		if c.provider != awsProvider || c.version != "" {
			t.Errorf("%s %s has the provider %q, version %q: want the component's own provider", c.Type, c.Name, c.provider, c.version)
		}
	}
	if len(e.invokes) != 1 || e.invokes[0].GetProvider() != awsProvider {
		t.Errorf("the zones are looked up by %v, want one call of the component's own provider", e.invokes)
	}
}

func TestZonesThatAreNamedAreNotLookedUp(t *testing.T) {
	e := newEngine(t)
	inputs := auto(values{"availabilityZoneNames": list("eu-west-1c", "eu-west-1a")})
	delete(inputs, "numberOfAvailabilityZones")
	e.mustConstruct(t, inputs)
	if len(e.invokes) != 0 {
		t.Errorf("%d functions were called, want none", len(e.invokes))
	}
	for name, zone := range map[string]string{"net-public-1": "eu-west-1c", "net-private-2": "eu-west-1a"} {
		if got := e.find(t, "Subnet", name).Inputs["availabilityZone"]; got != zone {
			t.Errorf("%s is in %v, want %s", name, got, zone)
		}
	}
}

func TestTagsAreMerged(t *testing.T) {
	e := newEngine(t)
	e.mustConstruct(t, auto(values{
		"natGateways":      values{"strategy": "Single"},
		"tags":             values{"Name": "mine", "team": "a", "stage": "dev"},
		"vpcEndpointSpecs": list(values{"serviceName": "s3", "tags": values{"team": "c"}}),
		"subnetSpecs": list(with(of("Public"), "tags", values{"Name": "lost", "SubnetType": "lost", "team": "b"}),
			of("Private")),
	}))
	for _, c := range []struct {
		kind, name string
		want       values
	}{
		{"Vpc", "net", values{"Name": "mine", "team": "a", "stage": "dev"}},
		{"InternetGateway", "net", values{"Name": "mine", "team": "a", "stage": "dev"}},
		{"VpcEndpoint", "s3", values{"Name": "mine", "team": "c", "stage": "dev"}},
		{"Subnet", "net-public-1", values{"Name": "net-public-1", "SubnetType": "Public", "team": "b", "stage": "dev"}},
		{"RouteTable", "net-public-1", values{"Name": "net-public-1", "SubnetType": "Public", "team": "a", "stage": "dev"}},
		{"Eip", "net-1", values{"Name": "net-1", "team": "a", "stage": "dev"}},
		{"NatGateway", "net-1", values{"Name": "net-1", "team": "a", "stage": "dev"}},
	} {
		if got := e.find(t, c.kind, c.name).Inputs["tags"]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s %s has the tags %v, want %v", c.kind, c.name, got, c.want)
		}
	}
}

func TestNATGatewaysAreInTheZonesOfTheirStrategy(t *testing.T) {
	for _, c := range []struct {
		strategy   string // empty: the default
		own        []any
		gateways   map[string]string // name: allocation
		eips       int
		secondUses string
	}{
		{strategy: "Single", gateways: map[string]string{"net-1": "net-1-allocation"}, eips: 1, secondUses: "net-1-id"},
		{strategy: "single", own: list("mine"), gateways: map[string]string{"net-1": "mine"}, secondUses: "net-1-id"},
		{
			strategy: "OnePerAz", gateways: map[string]string{"net-1": "net-1-allocation", "net-2": "net-2-allocation"},
			eips: 2, secondUses: "net-2-id",
		},
		{
			strategy: "OnePerAz", own: list("first", "second"), gateways: map[string]string{"net-1": "first", "net-2": "second"},
			secondUses: "net-2-id",
		},
		{own: list("first", "second"), gateways: map[string]string{"net-1": "first", "net-2": "second"}, secondUses: "net-2-id"},
	} {
		t.Run("strategy "+c.strategy, func(t *testing.T) {
			e := newEngine(t)
			e.made = func(r child) map[string]any {
				if r.Type == "aws:ec2/eip:Eip" {
					return values{"allocationId": r.Name + "-allocation"}
				}
				return nil
			}
			nat := values{}
			if c.strategy != "" {
				nat["strategy"] = c.strategy
			}
			if c.own != nil {
				nat["elasticIpAllocationIds"] = c.own
			}
			outputs := e.mustConstruct(t, auto(values{
				"natGateways": nat, "subnetSpecs": list(of("Private"), of("Public"), with(of("Public"), "name", "web")),
			}))
			for name, allocation := range c.gateways {
				inputs := e.find(t, "NatGateway", name).Inputs
				subnet := strings.Replace(name, "net-", "net-public-", 1) + "-id"
				if inputs["allocationId"] != allocation || inputs["subnetId"] != subnet {
					t.Errorf("%s has the inputs %v, want %s in %s", name, inputs, allocation, subnet)
				}
			}
			if got := len(outputs["natGateways"].([]any)); got != len(c.gateways) {
				t.Errorf("there are %d NAT gateways, want %d", got, len(c.gateways))
			}
			if got := len(outputs["eips"].([]any)); got != c.eips {
				t.Errorf("there are %d elastic IPs, want %d", got, c.eips)
			}
			if got := e.find(t, "Route", "net-private-2").Inputs["natGatewayId"]; got != c.secondUses {
				t.Errorf("the second zone's private subnet uses %v, want %s", got, c.secondUses)
			}
		})
	}
}

func TestTheVPCGetsOnlyItsInputs(t *testing.T) {
	own := values{
		"assignGeneratedIpv6CidrBlock": true, "enableDnsHostnames": true, "enableDnsSupport": false,
		"enableNetworkAddressUsageMetrics": true, "instanceTenancy": "dedicated", "ipv4IpamPoolId": "pool",
		"ipv6CidrBlock": "2001:db8::/56", "ipv6CidrBlockNetworkBorderGroup": "eu-west-1", "ipv6IpamPoolId": "pool6",
		"ipv6NetmaskLength": float64(56),
	}
	e := newEngine(t)
	e.mustConstruct(t, auto(own))
	want := with(with(own, "cidrBlock", "10.0.0.0/16"), "tags", values{"Name": "net"})
	if got := e.find(t, "Vpc", "net").Inputs; !reflect.DeepEqual(got, want) {
		t.Errorf("the VPC has the inputs\n%v, want\n%v", got, want)
	}
}

func TestAnEndpointGetsTheInputsThatTheRealComponentUses(t *testing.T) {
	spec := values{
		"serviceName": "com.amazonaws.us-east-1.ssm", "autoAccept": true, "policy": "{}", "privateDnsEnabled": true,
		"routeTableIds": list("rtb-1"), "securityGroupIds": list("sg-1"), "subnetIds": list("subnet-1"),
		"vpcEndpointType": "Interface",
	}
	e := newEngine(t)
	outputs := e.mustConstruct(t, auto(values{
		"vpcEndpointSpecs": list(with(with(spec, "ipAddressType", "ipv4"), "serviceRegion", "eu-west-2")),
	}))
	want := with(with(spec, "vpcId", "net-id"), "tags", values{"Name": "net"})
	if got := e.find(t, "VpcEndpoint", "com.amazonaws.us-east-1.ssm").Inputs; !reflect.DeepEqual(got, want) {
		t.Errorf("the endpoint has the inputs\n%v, want\n%v", got, want)
	}
	if len(e.warnings) != 1 || !strings.Contains(e.warnings[0], "vpcEndpointSpecs[0] (com.amazonaws.us-east-1.ssm)") ||
		!strings.Contains(e.warnings[0], "ipAddressType, serviceRegion") {
		t.Errorf("the warnings are %q, want one that names the inputs without effect", e.warnings)
	}
	if got := outputs["vpcEndpoints"].([]any); len(got) != 1 {
		t.Errorf("the output vpcEndpoints is %v, want one", got)
	}
}

func TestNoInputsGiveTheRealComponentsDefaults(t *testing.T) {
	e := newEngine(t)
	outputs := e.mustConstruct(t, values{})
	if got := e.find(t, "Vpc", "net").Inputs["cidrBlock"]; got != "10.0.0.0/16" {
		t.Errorf("the VPC has the block %v, want 10.0.0.0/16", got)
	}
	for name, block := range map[string]string{"net-private-1": "10.0.0.0/19", "net-public-3": "10.0.160.0/20"} {
		if got := e.find(t, "Subnet", name).Inputs["cidrBlock"]; got != block {
			t.Errorf("%s has the block %v, want %s", name, got, block)
		}
	}
	if got := len(outputs["natGateways"].([]any)); got != 3 {
		t.Errorf("there are %d NAT gateways, want one in each of 3 zones", got)
	}
	if len(e.warnings) != 0 {
		t.Errorf("the warnings are %q, want none without specs", e.warnings)
	}
}

func TestSpecsWithoutAStrategyCauseAWarning(t *testing.T) {
	e := newEngine(t)
	inputs := auto(nil)
	delete(inputs, "subnetStrategy")
	e.mustConstruct(t, inputs)
	if len(e.warnings) != 1 || !strings.Contains(e.warnings[0], `[{"cidrMask":19,"type":"Private"},{"cidrMask":20,"type":"Public"}]`) {
		t.Errorf("the warnings are %q, want one with the same layout as specs", e.warnings)
	}
}

func TestAPreviewShowsAllThatIsKnown(t *testing.T) {
	e := newEngine(t)
	e.dryRun = true
	outputs, err := e.constructProperties(t, resource.NewPropertyMapFromMap(auto(values{
		"natGateways": values{"strategy": "Single"},
		"tags":        values{"known": "yes", "later": resource.MakeComputed(resource.NewProperty(""))},
	})))
	if err != nil {
		t.Fatal(err)
	}
	want := values{
		"availabilityZone": "us-east-1b", "cidrBlock": "10.0.192.0/18", "mapPublicIpOnLaunch": false, "vpcId": "unknown",
		"tags": values{"Name": "net-private-2", "SubnetType": "Private", "known": "yes", "later": "unknown"},
	}
	if got := e.find(t, "Subnet", "net-private-2").Inputs; !reflect.DeepEqual(got, want) {
		t.Errorf("the subnet has the inputs\n%v, want\n%v", got, want)
	}
	if got := outputs["publicSubnetIds"]; !reflect.DeepEqual(got, list("unknown", "unknown")) && got != "unknown" {
		t.Errorf("the ids of the public subnets are %v, want two unknown ones", got)
	}
	if got := outputs["subnetLayout"]; !reflect.DeepEqual(got, list(of("Public"), of("Private"))) {
		t.Errorf("the layout is %v, want it known", got)
	}
}

func TestAllTagsTogetherMayBeSecret(t *testing.T) {
	e := newEngine(t)
	inputs := resource.NewPropertyMapFromMap(auto(nil))
	inputs["tags"] = resource.MakeSecret(resource.NewProperty(resource.PropertyMap{"team": resource.NewProperty("a")}))
	if _, err := e.constructProperties(t, inputs); err != nil {
		t.Fatal(err)
	}
	got := e.find(t, "RouteTable", "net-public-1").Inputs["tags"]
	if want := (values{"Name": "net-public-1", "SubnetType": "Public", "team": "a"}); !reflect.DeepEqual(got, want) {
		t.Errorf("the route table has the tags %v, want %v", got, want)
	}
}

func pooled(more values) values {
	inputs := auto(more)
	delete(inputs, "cidrBlock")
	maps.Copy(inputs, values{"ipv4IpamPoolId": "pool", "ipv4NetmaskLength": 16})
	return inputs
}

func TestAPoolsBlockIsLaidOutOnceItIsKnown(t *testing.T) {
	e := newEngine(t)
	e.made = func(c child) map[string]any {
		if c.Type == "aws:ec2/vpc:Vpc" {
			return values{"cidrBlock": "10.9.0.0/16"}
		}
		return nil
	}
	inputs := pooled(nil)
	delete(inputs, "subnetSpecs")
	outputs := e.mustConstruct(t, inputs)
	if got := e.find(t, "Subnet", "net-public-2").Inputs["cidrBlock"]; got != "10.9.192.0/19" {
		t.Errorf("the subnet has the block %v, want 10.9.192.0/19", got)
	}
	want := list(values{"type": "Private", "cidrMask": 18.0}, values{"type": "Public", "cidrMask": 19.0})
	if got := outputs["subnetLayout"]; !reflect.DeepEqual(got, want) {
		t.Errorf("the layout is %v, want %v", got, want)
	}
}

func TestAPoolsBlockNeedNotBeFilledUnderExact(t *testing.T) {
	e := newEngine(t)
	e.made = func(c child) map[string]any {
		if c.Type == "aws:ec2/vpc:Vpc" {
			return values{"cidrBlock": "10.9.0.0/16"}
		}
		return nil
	}
	e.mustConstruct(t, pooled(values{"subnetStrategy": "Exact", "subnetSpecs": list(with(of("Isolated"), "cidrMask", 24))}))
	if got := e.find(t, "Subnet", "net-isolated-2").Inputs["cidrBlock"]; got != "10.9.128.0/24" {
		t.Errorf("the subnet has the block %v, want 10.9.128.0/24", got)
	}
}

func TestAPoolsBlockIsUnknownInAPreview(t *testing.T) {
	e := newEngine(t)
	e.dryRun = true
	e.made = func(c child) map[string]any {
		if c.Type == "aws:ec2/vpc:Vpc" {
			return values{"cidrBlock": resource.MakeComputed(resource.NewProperty(""))}
		}
		return nil
	}
	e.mustConstruct(t, pooled(nil))
	if got := e.find(t, "Subnet", "net-public-2").Inputs["cidrBlock"]; got != "unknown" {
		t.Errorf("the subnet has the block %v, want it unknown", got)
	}
}

func TestAPoolsBlockThatIsTooSmallFailsTheSubnets(t *testing.T) {
	e := newEngine(t)
	e.made = func(c child) map[string]any {
		if c.Type == "aws:ec2/vpc:Vpc" {
			return values{"cidrBlock": "10.9.0.0/24"}
		}
		return nil
	}
	_, err := e.construct(t, pooled(values{"subnetSpecs": list(with(of("Public"), "cidrMask", 20), of("Private"))}))
	if err == nil || !strings.Contains(err.Error(), "10.9.0.0/24, which ipv4IpamPoolId assigned") {
		t.Errorf("the error is %v, want it to name the block", err)
	}
}

func TestContradictingInputsRegisterNoChild(t *testing.T) {
	for _, c := range []struct {
		name   string
		inputs values
		want   string
	}{
		{
			"zones by name and by number", auto(values{"availabilityZoneNames": list("a", "b")}),
			"only one of [availabilityZoneNames] and [numberOfAvailabilityZones] can be specified",
		},
		{"a negative number of zones", auto(values{"numberOfAvailabilityZones": -1}), "numberOfAvailabilityZones: -1 is negative"},
		{
			"more zones than the region has", auto(values{"numberOfAvailabilityZones": 4}),
			"does not have at least 4 Availability Zones (it has 3)",
		},
		{"a pool, a block and a length", with(pooled(nil), "cidrBlock", "10.0.0.0/16"), "only one of 'cidrBlock', 'ipv4NetmaskLength'"},
		{"a pool alone", values{"ipv4IpamPoolId": "pool"}, "'ipv4NetmaskLength' or 'cidrBlock' must also be specified"},
		{"a pool under the default strategy", values{"ipv4IpamPoolId": "pool", "ipv4NetmaskLength": 16}, `try subnetStrategy "Auto"`},
		{"an empty block", auto(values{"cidrBlock": ""}), "cidrBlock: is empty"},
		{"addresses without a gateway", auto(values{
			"natGateways": values{"strategy": "None", "elasticIpAllocationIds": list("a")},
		}), "elastic IP allocation IDs cannot be specified when NAT Gateway strategy is 'None'"},
		{"two addresses for one gateway", auto(values{
			"natGateways": values{"strategy": "Single", "elasticIpAllocationIds": list("a", "b")},
		}), "exactly one Elastic IP may be specified"},
		{"one address for two gateways", auto(values{
			"natGateways": values{"strategy": "OnePerAz", "elasticIpAllocationIds": list("a")},
		}), "must match the number of availability zones for the VPC (2)"},
		{"an unknown NAT strategy", auto(values{"natGateways": values{"strategy": "Two"}}), "unknown NatGatewayStrategy 'Two'"},
		{"subnets that a gateway needs", auto(values{
			"natGateways": values{"strategy": "Single"}, "subnetSpecs": list(of("Public")),
		}), "both private and public subnets must be declared"},
		{"a layout that does not fit", auto(values{"cidrBlock": "10.0.0.0/30", "subnetSpecs": list(with(of("Public"), "cidrMask", 24))}),
			"subnets are too large for VPC"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := newEngine(t)
			_, err := e.construct(t, c.inputs)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is\n%v\nwant it to have %q", err, c.want)
			}
			if children := e.sorted(); len(children) != 0 {
				t.Errorf("%d children were registered, want none", len(children))
			}
		})
	}
}
