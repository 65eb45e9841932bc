package provider

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestEveryInvalidInputIsReported(t *testing.T) {
	e := newEngine(t)
	inputs := resource.NewPropertyMapFromMap(values{
		"cidr":                  "10.0.0.0/16",
		"enableDnsHostnames":    "yes",
		"availabilityZoneNames": list("a", 1),
		"natGateways":           values{"eips": 1},
		"subnetSpecs": list(values{"type": "Public", "mask": 24}, values{"cidrMask": "24"}, values{"type": "Private", "cidrMask": 24.5},
			values{"type": "Private", "tags": values{"a": true}}),
		"vpcEndpointSpecs": values{},
		"tags":             list(),
	})
	inputs["cidrBlock"] = resource.MakeSecret(resource.NewProperty("10.0.0.0/16"))
	inputs["numberOfAvailabilityZones"] = resource.MakeComputed(resource.NewProperty(0.0))
	inputs["subnetStrategy"] = resource.NewProperty(resource.Output{Element: resource.NewProperty(""), Known: false})
	_, err := e.constructProperties(t, inputs)
	failure, ok := rpcerror.FromError(err)
	if !ok {
		t.Fatalf("the error is %v, want one that names inputs", err)
	}
	got := map[string]string{}
	for _, problem := range failure.InputPropertiesErrors() {
		got[problem.PropertyPath] = problem.Reason
	}
	want := map[string]string{
		"cidr":                      "is not an input",
		"enableDnsHostnames":        "must be a boolean",
		"availabilityZoneNames[1]":  "must be a string",
		"natGateways.eips":          "known here are elasticIpAllocationIds, strategy",
		"subnetSpecs[0].mask":       "is not an input",
		"subnetSpecs[1].cidrMask":   "must be an integer",
		"subnetSpecs[1].type":       "is missing",
		"subnetSpecs[2].cidrMask":   "must be an integer",
		"subnetSpecs[3].tags.a":     "must be a string",
		"vpcEndpointSpecs":          "must be a list",
		"tags":                      "must be an object",
		"cidrBlock":                 "must be a plain value",
		"numberOfAvailabilityZones": "must be a plain value",
		"subnetStrategy":            "must be a plain value",
	}
	for path, reason := range want {
		if !strings.Contains(got[path], reason) {
			t.Errorf("the problem of %s is %q, want it to have %q", path, got[path], reason)
		}
		delete(got, path)
	}
	for path, reason := range got {
		t.Errorf("unexpected problem: %s %s", path, reason)
	}
	if children := e.sorted(); len(children) != 0 {
		t.Errorf("%d children were registered, want none", len(children))
	}
}

func TestInputsThatAreOnlyPassedOnMayBeOutputs(t *testing.T) {
	e := newEngine(t)
	later := resource.NewProperty(resource.Output{
		Element: resource.NewProperty("eipalloc-1"), Known: true, Dependencies: []resource.URN{"urn:pulumi:dev::didomi::aws:ec2/eip:Eip::mine"},
	})
	inputs := resource.NewPropertyMapFromMap(auto(nil))
	inputs["natGateways"] = resource.NewProperty(resource.PropertyMap{
		"strategy":               resource.NewProperty("Single"),
		"elasticIpAllocationIds": resource.NewProperty([]resource.PropertyValue{later}),
	})
	if _, err := e.constructProperties(t, inputs); err != nil {
		t.Fatal(err)
	}
	if got := e.find(t, "NatGateway", "net-1").Inputs["allocationId"]; got != "eipalloc-1" {
		t.Errorf("the NAT gateway has the address %v, want eipalloc-1", got)
	}
}

func TestAnUnsupportedTokenIsRejectedByName(t *testing.T) {
	server, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, construct := server.Construct(t.Context(), &pulumirpc.ConstructRequest{Type: "awsx:lb:ApplicationLoadBalancer"})
	_, invoke := server.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: "awsx:ec2:getDefaultVpc"})
	_, call := server.Call(t.Context(), &pulumirpc.CallRequest{Tok: "awsx:ec2:Vpc/method"})
	for token, err := range map[string]error{
		"awsx:lb:ApplicationLoadBalancer": construct, "awsx:ec2:getDefaultVpc": invoke, "awsx:ec2:Vpc/method": call,
	} {
		if err == nil || !strings.Contains(err.Error(), token) || !strings.Contains(err.Error(), "serves awsx:ec2:Vpc only") {
			t.Errorf("%s returns %v, want an error that names it and what is supported", token, err)
		}
	}
}

func TestTheSchemaMatchesTheComponent(t *testing.T) {
	server, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{})
	if err != nil {
		t.Fatal(err)
	}
	var served struct {
		Name, Version string
		Resources     map[string]struct {
			Properties map[string]any
			Required   []string
		}
	}
	if err := json.Unmarshal([]byte(res.GetSchema()), &served); err != nil {
		t.Fatal(err)
	}
	if served.Name != Name || served.Version != Version {
		t.Errorf("the schema is of %s %s, want %s %s", served.Name, served.Version, Name, Version)
	}
	outputs := newEngine(t).mustConstruct(t, auto(nil))
	contract := served.Resources["awsx:ec2:Vpc"]
	if len(contract.Properties) != len(outputs) || len(contract.Required) != len(outputs) {
		t.Errorf("the schema has %d outputs, %d of them required: the component has %d",
			len(contract.Properties), len(contract.Required), len(outputs))
	}
	for key := range outputs {
		if _, known := contract.Properties[key]; !known {
			t.Errorf("the schema lacks the output %s", key)
		}
	}
	if _, err := server.GetSchema(t.Context(), &pulumirpc.GetSchemaRequest{Version: 1}); err == nil {
		t.Error("a schema of another format is served")
	}
}
