package preflight

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// logRole checks that API Gateway has its role for logs, one for each account and region. Without it AWS rejects a stage
// that logs, after all dependencies of the stage have been created.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-logging.html
func logRole(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	if len(g.ByType(types.Stage)) == 0 {
		return nil, nil
	}
	settings, err := a.gateway.GetAccount(ctx, &apigateway.GetAccountInput{})
	if err != nil {
		return nil, fmt.Errorf("read the settings of API Gateway: %w", err)
	}
	if aws.ToString(settings.CloudwatchRoleArn) != "" {
		return nil, nil
	}
	return []Finding{{
		What: "API Gateway has no role to write logs with in " + a.region,
		Do: "have an administrator run pulumi up in bootstrap/ (docs/how-to/bootstrap-an-account.md), with " + a.region +
			" in <project>-bootstrap:apiGateway.regions where bootstrap is in another region",
	}}, nil
}
