// Package upstream creates the Terraform AWS provider, with both of its halves,
// for the bridge.
package upstream

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/hashicorp/terraform-provider-aws/internal"
	"github.com/hashicorp/terraform-provider-aws/internal/provider/framework"
	"github.com/hashicorp/terraform-provider-aws/internal/provider/sdkv2"
	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
	shim "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim"
	shimv2 "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfshim/sdk-v2"
)

// New returns the provider with its two halves (SDK v2 and plugin framework)
// muxed into one, as in pulumi-aws.
func New(ctx context.Context) (shim.Provider, error) {
	// The constructors log a line each; a plugin's output is for errors.
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)

	internal.RegisterSmarterrFS()
	primary, err := sdkv2.NewProvider(ctx)
	if err != nil {
		return nil, fmt.Errorf("create the upstream provider: %w", err)
	}
	secondary, err := framework.NewProvider(ctx, primary)
	if err != nil {
		return nil, fmt.Errorf("create the upstream framework provider: %w", err)
	}
	return pftfbridge.MuxShimWithPF(ctx, shimv2.NewProvider(primary), secondary), nil
}
