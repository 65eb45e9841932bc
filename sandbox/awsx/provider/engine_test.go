package provider

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

const (
	componentURN = "urn:pulumi:dev::didomi::awsx:ec2:Vpc::net"
	awsProvider  = "urn:pulumi:dev::didomi::pulumi:providers:aws::explicit::provider-id"
)

// engine is a Pulumi engine on loopback: it responds to the provider's calls during a construction, and records them.
// Unlike the SDK's mocks it receives the complete calls, with parents, dependencies and providers.
type engine struct {
	pulumirpc.UnimplementedResourceMonitorServer
	pulumirpc.UnimplementedEngineServer

	zones  []string
	dryRun bool
	// made returns the properties that a resource has beyond its inputs; nil: none.
	made func(child) map[string]any

	mu       sync.Mutex
	children []child
	invokes  []*pulumirpc.ResourceInvokeRequest
	warnings []string
	address  string
}

// child is a registered resource.
type child struct {
	Type   string         `json:"type"`
	Name   string         `json:"name"`
	Inputs map[string]any `json:"inputs"`

	urn          string
	parent       string
	dependencies []string
	provider     string
	version      string
}

func newEngine(t *testing.T) *engine {
	t.Helper()
	e := &engine{zones: []string{"us-east-1a", "us-east-1b", "us-east-1c"}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pulumirpc.RegisterResourceMonitorServer(server, e)
	pulumirpc.RegisterEngineServer(server, e)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	e.address = listener.Addr().String()
	return e
}

// construct calls the provider as the engine would, and returns the outputs as plain Go values.
func (e *engine) construct(t *testing.T, inputs map[string]any) (map[string]any, error) {
	t.Helper()
	return e.constructProperties(t, resource.NewPropertyMapFromMap(inputs))
}

func (e *engine) constructProperties(t *testing.T, inputs resource.PropertyMap) (map[string]any, error) {
	t.Helper()
	host, err := sdk.NewHostClient(e.address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = host.Close() })
	server, err := New(host)
	if err != nil {
		t.Fatal(err)
	}
	properties, err := plugin.MarshalProperties(inputs, plugin.MarshalOptions{
		KeepUnknowns: true, KeepSecrets: true, KeepOutputValues: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	res, err := server.Construct(t.Context(), &pulumirpc.ConstructRequest{
		Project: "didomi", Stack: "dev", Type: "awsx:ec2:Vpc", Name: "net", Inputs: properties,
		Providers: map[string]string{"aws": awsProvider}, MonitorEndpoint: e.address, DryRun: e.dryRun, Parallel: 16,
	})
	if err != nil {
		return nil, err
	}
	if res.GetUrn() != componentURN {
		t.Errorf("constructed %q, want %q", res.GetUrn(), componentURN)
	}
	return plain(t, res.GetState()), nil
}

func plain(t *testing.T, properties *structpb.Struct) map[string]any {
	t.Helper()
	values, err := plugin.UnmarshalProperties(properties, plugin.MarshalOptions{KeepUnknowns: true, KeepResources: true})
	if err != nil {
		t.Fatal(err)
	}
	return values.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
		switch {
		case v.IsResourceReference():
			return string(v.ResourceReferenceValue().URN), true
		case v.IsComputed():
			return "unknown", true
		default:
			return nil, false
		}
	})
}

// sorted returns the children sorted: registrations are concurrent, so their order varies.
func (e *engine) sorted() []child {
	e.mu.Lock()
	defer e.mu.Unlock()
	return sortedChildren(e.children)
}

func sortedChildren(children []child) []child {
	return slices.SortedStableFunc(slices.Values(children), func(a, b child) int {
		return strings.Compare(a.Type+" "+a.Name, b.Type+" "+b.Name)
	})
}

// find returns the only child of the type and name.
func (e *engine) find(t *testing.T, kind, name string) child {
	t.Helper()
	var found []child
	for _, c := range e.sorted() {
		if strings.HasSuffix(c.Type, ":"+kind) && c.Name == name {
			found = append(found, c)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d resources of type %s are called %q, want 1", len(found), kind, name)
	}
	return found[0]
}

// SupportsFeature accepts the features with which the tests can read values.
func (e *engine) SupportsFeature(
	_ context.Context, req *pulumirpc.SupportsFeatureRequest,
) (*pulumirpc.SupportsFeatureResponse, error) {
	return &pulumirpc.SupportsFeatureResponse{HasSupport: req.GetId() != "outputValues"}, nil
}

func (e *engine) RegisterResource(
	_ context.Context, req *pulumirpc.RegisterResourceRequest,
) (*pulumirpc.RegisterResourceResponse, error) {
	if !req.GetCustom() {
		return &pulumirpc.RegisterResourceResponse{Urn: componentURN}, nil
	}
	inputs, err := plugin.UnmarshalProperties(req.GetObject(), plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, err
	}
	c := child{
		Type: req.GetType(), Name: req.GetName(), urn: childURN(req.GetType(), req.GetName()),
		Inputs: inputs.MapRepl(nil, func(v resource.PropertyValue) (any, bool) {
			return "unknown", v.IsComputed()
		}),
		parent: req.GetParent(), dependencies: req.GetDependencies(), provider: req.GetProvider(), version: req.GetVersion(),
	}
	// Null outputs are sent; the recording, by another SDK, leaves them out.
	for key, value := range c.Inputs {
		if value == nil {
			delete(c.Inputs, key)
		}
	}
	e.mu.Lock()
	e.children = append(e.children, c)
	e.mu.Unlock()
	return e.created(c, inputs)
}

func (e *engine) created(c child, state resource.PropertyMap) (*pulumirpc.RegisterResourceResponse, error) {
	state = state.Copy()
	if e.made != nil {
		for key, value := range e.made(c) {
			state[resource.PropertyKey(key)] = resource.NewPropertyValue(value)
		}
	}
	object, err := plugin.MarshalProperties(state, plugin.MarshalOptions{KeepUnknowns: true})
	if err != nil {
		return nil, err
	}
	res := &pulumirpc.RegisterResourceResponse{Urn: c.urn, Object: object}
	if !e.dryRun {
		res.Id = c.Name + "-id"
	}
	return res, nil
}

func childURN(token, name string) string {
	return fmt.Sprintf("urn:pulumi:dev::didomi::%s::%s", token, name)
}

func (e *engine) RegisterResourceOutputs(
	context.Context, *pulumirpc.RegisterResourceOutputsRequest,
) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

func (e *engine) Invoke(
	_ context.Context, req *pulumirpc.ResourceInvokeRequest,
) (*pulumirpc.InvokeResponse, error) {
	e.mu.Lock()
	e.invokes = append(e.invokes, req)
	e.mu.Unlock()
	names := make([]any, len(e.zones))
	for i, zone := range e.zones {
		names[i] = zone
	}
	result, err := structpb.NewStruct(map[string]any{"names": names})
	return &pulumirpc.InvokeResponse{Return: result}, err
}

func (e *engine) Log(_ context.Context, req *pulumirpc.LogRequest) (*emptypb.Empty, error) {
	if req.GetSeverity() == pulumirpc.LogSeverity_WARNING {
		e.mu.Lock()
		e.warnings = append(e.warnings, req.GetMessage())
		e.mu.Unlock()
	}
	return &emptypb.Empty{}, nil
}
