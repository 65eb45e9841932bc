package function

import (
	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// queryTimeoutSeconds leaves time for a login, which may have to wait until a paused database runs, and for a statement.
const queryTimeoutSeconds = 60

// querying runs operators' queries, where the stack names operators. Its role can write its log and nothing else: it
// logs in with the caller's token. Its security group reaches the cluster alone.
var querying = declaration{suffix: contract.HandlerQuery, create: createQuerying}

func createQuerying(ctx *pulumi.Context, a Args, f *Functions) error {
	if a.Query == nil {
		return nil
	}
	environment := a.connection(a.Query.Host)
	environment[contract.DBQueryUser] = pulumi.String(a.Query.User)
	_, _, err := f.newFunction(ctx, a, spec{
		suffix: contract.HandlerQuery, description: "Runs operators' queries to the database",
		memoryMB: 256, timeoutSeconds: queryTimeoutSeconds, securityGroup: a.Query.SecurityGroupID,
		environment: environment,
	})
	return err
}
