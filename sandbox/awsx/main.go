// Command pulumi-resource-awsx is the sandbox's stand-in for the AWSx provider, which is in no package registry: it
// provides the component awsx:ec2:Vpc as AWSx 2.22.0 does.
package main

import (
	"fmt"
	"os"

	"github.com/didomi/serverless-api/sandbox/awsx/provider"
	sdk "github.com/pulumi/pulumi/sdk/v3/go/pulumi/provider"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func main() {
	err := sdk.Main(provider.Name, func(host *sdk.HostClient) (pulumirpc.ResourceProviderServer, error) {
		return provider.New(host)
	})
	if err != nil {
		fmt.Fprintf(os.Stderr, "pulumi-resource-awsx: %v\n", err)
		os.Exit(1)
	}
}
