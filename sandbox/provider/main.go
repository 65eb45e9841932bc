// Command pulumi-resource-aws is the sandbox's AWS provider: the upstream
// Terraform provider under Pulumi's bridge, with the types of the pulumi-aws
// SDK that the sandbox needs.
//
// Without a subcommand it serves the plugin protocol, as the Pulumi engine
// expects. It reads what `generate` has stored in the directory next to the
// binary, whose name is the binary's with .data added.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"github.com/hashicorp/terraform-provider-aws/sandbox/bridge"
	"github.com/hashicorp/terraform-provider-aws/sandbox/localhost"
	"github.com/hashicorp/terraform-provider-aws/sandbox/upstream"
	pftfbridge "github.com/pulumi/pulumi-terraform-bridge/v3/pkg/pf/tfbridge"
)

func main() {
	ctx := context.Background()
	run := serve
	if len(os.Args) > 1 && os.Args[1] == "generate" {
		run = func(ctx context.Context) error { return generate(ctx, os.Args[2:]) }
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "pulumi-resource-aws:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	// Most of what a start allocates lives as long as the process. Less frequent
	// garbage collection makes the start a third faster, and memory stays under
	// half a gigabyte.
	debug.SetGCPercent(400)

	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the plugin's own file: %w", err)
	}
	stored, err := load(executable + ".data")
	if err != nil {
		return err
	}
	provider, err := upstream.New(ctx)
	if err != nil {
		return err
	}
	localhost.Install()
	info := bridge.Provider(provider, stored.mapping, stored.metadata)
	pftfbridge.MainWithMuxer(ctx, bridge.Name, info, stored.schema)
	return nil
}

func generate(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("generate", flag.ContinueOnError)
	catalog := flags.String("catalog", "", "the SDK's types, as the build command writes them")
	out := flags.String("out", "", "directory to store the generated files in")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *catalog == "" || *out == "" {
		return errors.New("generate needs -catalog and -out")
	}
	return store(ctx, *catalog, *out)
}
