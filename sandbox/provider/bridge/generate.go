package bridge

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfgen"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/x/muxer"
	"github.com/pulumi/pulumi-terraform-bridge/v3/unstable/metadata"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
)

// dispatcher is the part of a muxed provider that knows which half serves which
// token.
type dispatcher interface {
	ResolveDispatch(info *tfbridge.ProviderInfo) (muxer.DispatchTable, error)
}

// Generate returns what the plugin reads at its start: the package schema, and
// metadata with the table of which half of the provider serves which token.
func Generate(info tfbridge.ProviderInfo) (packageSchema, stored []byte, err error) {
	muxed, ok := info.P.(dispatcher)
	if !ok {
		return nil, nil, errors.New("the provider is not muxed: create it with upstream.New")
	}
	table, err := muxed.ResolveDispatch(&info)
	if err != nil {
		return nil, nil, fmt.Errorf("decide which half serves which token: %w", err)
	}
	if err := metadata.Set(info.GetMetadata(), "mux", table); err != nil {
		return nil, nil, fmt.Errorf("store the dispatch table: %w", err)
	}
	silent := diag.DefaultSink(io.Discard, io.Discard, diag.FormatOptions{Color: colors.Never})
	generated, err := tfgen.GenerateSchemaWithOptions(tfgen.GenerateSchemaOptions{
		ProviderInfo:    info,
		DiagnosticsSink: silent,
		XInMemoryDocs:   true,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("generate the package schema: %w", err)
	}
	packageSchema, err = json.Marshal(generated.PackageSpec)
	if err != nil {
		return nil, nil, fmt.Errorf("encode the package schema: %w", err)
	}
	return packageSchema, (*metadata.Data)(info.GetMetadata()).Marshal(), nil
}
