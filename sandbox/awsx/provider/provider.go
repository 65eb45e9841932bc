// Package provider serves the component over Pulumi's provider protocol.
package provider

import (
	"context"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/awsx/vpc"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
)

const (
	// Name is the package's name, with which the plugin's file name ends.
	Name = "awsx"
	// Version is that of the real provider that this one implements.
	Version = "2.22.0"
)

// Server is the provider. It keeps no state between calls.
type Server struct {
	pulumirpc.UnimplementedResourceProviderServer
	host   *provider.HostClient
	schema schema
}

// New returns the provider. host is nil until Attach if the engine did not start the process.
func New(host *provider.HostClient) (*Server, error) {
	s, err := parseSchema()
	if err != nil {
		return nil, err
	}
	return &Server{host: host, schema: s}, nil
}

// GetPluginInfo returns the version.
func (s *Server) GetPluginInfo(context.Context, *emptypb.Empty) (*pulumirpc.PluginInfo, error) {
	return &pulumirpc.PluginInfo{Version: Version}, nil
}

// GetSchema serves the package's schema.
func (s *Server) GetSchema(_ context.Context, req *pulumirpc.GetSchemaRequest) (*pulumirpc.GetSchemaResponse, error) {
	if v := req.GetVersion(); v != 0 {
		return nil, status.Errorf(codes.InvalidArgument, "unsupported schema version %d: ask for version 0", v)
	}
	return &pulumirpc.GetSchemaResponse{Schema: string(schemaJSON)}, nil
}

// CheckConfig accepts the provider's configuration as it is: there is nothing to configure.
func (s *Server) CheckConfig(_ context.Context, req *pulumirpc.CheckRequest) (*pulumirpc.CheckResponse, error) {
	return &pulumirpc.CheckResponse{Inputs: req.GetNews()}, nil
}

// DiffConfig finds no change, as there is nothing to configure.
func (s *Server) DiffConfig(context.Context, *pulumirpc.DiffRequest) (*pulumirpc.DiffResponse, error) {
	return &pulumirpc.DiffResponse{Changes: pulumirpc.DiffResponse_DIFF_NONE}, nil
}

// Configure negotiates with the engine which kinds of values are exchanged.
func (s *Server) Configure(context.Context, *pulumirpc.ConfigureRequest) (*pulumirpc.ConfigureResponse, error) {
	return &pulumirpc.ConfigureResponse{
		AcceptSecrets: true, SupportsPreview: true, AcceptResources: true, AcceptOutputs: true,
	}, nil
}

// Construct creates the component. Unknown inputs are rejected before anything is registered.
func (s *Server) Construct(ctx context.Context, req *pulumirpc.ConstructRequest) (*pulumirpc.ConstructResponse, error) {
	if req.GetType() != vpc.Token {
		return nil, unknown("component", req.GetType())
	}
	inputs, err := plugin.UnmarshalProperties(req.GetInputs(), plugin.MarshalOptions{
		KeepSecrets: true, KeepResources: true, KeepUnknowns: true, KeepOutputValues: true,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the inputs of %s %q: %w", req.GetType(), req.GetName(), err)
	}
	if err := checkInputs(s.schema, req.GetType(), inputs); err != nil {
		return nil, rpcerror.WrapDetailedError(err)
	}
	return provider.Construct(ctx, req, s.host.EngineConn(), construct)
}

func construct(
	ctx *pulumi.Context, _, name string, inputs provider.ConstructInputs, options pulumi.ResourceOption,
) (*provider.ConstructResult, error) {
	return vpc.Construct(ctx, name, inputs, options)
}

// Invoke supports no function.
func (s *Server) Invoke(_ context.Context, req *pulumirpc.InvokeRequest) (*pulumirpc.InvokeResponse, error) {
	return nil, unknown("function", req.GetTok())
}

// Call supports no method.
func (s *Server) Call(_ context.Context, req *pulumirpc.CallRequest) (*pulumirpc.CallResponse, error) {
	return nil, unknown("method", req.GetTok())
}

func unknown(kind, token string) error {
	return status.Errorf(codes.Unimplemented,
		"the sandbox's awsx %s serves %s only: it has no %s %q", Version, vpc.Token, kind, token)
}

// Cancel does nothing: calls end with the engine's connection.
func (s *Server) Cancel(context.Context, *emptypb.Empty) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, nil
}

// Attach connects to the engine that calls it.
func (s *Server) Attach(_ context.Context, req *pulumirpc.PluginAttach) (*emptypb.Empty, error) {
	host, err := provider.NewHostClient(req.GetAddress())
	if err != nil {
		return nil, fmt.Errorf("connecting to the engine at %s: %w", req.GetAddress(), err)
	}
	s.host = host
	return &emptypb.Empty{}, nil
}

// GetMapping returns none: the package does not bridge a Terraform provider.
func (s *Server) GetMapping(context.Context, *pulumirpc.GetMappingRequest) (*pulumirpc.GetMappingResponse, error) {
	return &pulumirpc.GetMappingResponse{}, nil
}
