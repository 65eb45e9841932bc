package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/feature/rds/auth"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// target is the function of a stack, the role that invokes it, and the database that it connects to.
type target struct {
	function, role, endpoint, user, region string
}

// find reads the target from the stack's state. The function's environment has the address that it connects to, which
// a token must name.
func find(stack *graph.Graph) (target, error) {
	var to target
	for _, function := range stack.ByType(types.Function) {
		if function.Text("handler") == contract.HandlerQuery {
			variable := func(name string) string { return function.Text("environment", "variables", name) }
			to.function, to.user = function.Text("name"), variable(contract.DBQueryUser)
			to.endpoint = variable(contract.DBHost) + ":" + variable(contract.DBPort)
		}
	}
	for _, role := range stack.ByType(types.Role) {
		if role.Name == stack.Project+"-"+stack.Stack+"-iam-query" {
			to.role = role.Text("arn")
		}
	}
	if to.function == "" || to.role == "" {
		return to, command.BadUsage("the stack %s runs no queries: set %s:iam.operators and deploy (docs/how-to/query-the-database.md)", stack.Stack, stack.Project)
	}
	return to, nil
}

// token is the caller's token of IAM database authentication. It is signed here, without a call.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/UsingWithRDS.IAMDBAuth.html
func (to target) token(ctx context.Context, who caller) (string, error) {
	token, err := auth.BuildAuthToken(ctx, to.endpoint, to.region, to.user, who.credentials)
	if err != nil {
		return "", fmt.Errorf("sign the token of the database user %s: %w", to.user, err)
	}
	return token, nil
}

// invoke runs the query in the function.
func invoke(ctx context.Context, client deployed.Invoker, function string, query contract.Query) (contract.QueryResult, error) {
	var result contract.QueryResult
	response, err := deployed.Invoke(ctx, client, function, query, printable)
	if err != nil {
		return result, err
	}
	if err := json.Unmarshal(response, &result); err != nil {
		return result, errors.New("the response of the function " + function + " is no result of a query")
	}
	return result, nil
}
