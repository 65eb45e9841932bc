package preflight

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// streams are the throttles of streamed files, which bound the concurrency that clients can occupy.
type streams struct {
	rate, burst, seconds int
}

// held is the number of occupied execution environments: a full burst, and what follows at the rate until the first
// ones end.
func (s streams) held() int { return s.burst + s.rate*s.seconds }

// streamExecutions warns where streamed files can occupy all executions that the account has for functions without a
// reservation. With a reservation the program bounds them itself.
func streamExecutions(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	definition, err := openapi.Load()
	if err != nil {
		return nil, err
	}
	routes := definition.Routes(openapi.Streamed)
	s, shared := streamsOf(g, routes)
	if !shared || len(routes) == 0 {
		return nil, nil
	}
	settings, err := a.lambda.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return nil, fmt.Errorf("read Lambda's limits: %w", err)
	}
	unreserved := int(aws.ToInt32(settings.AccountLimit.UnreservedConcurrentExecutions))
	if s.held() < unreserved {
		return nil, nil
	}
	return []Finding{{
		State: Warning,
		What: fmt.Sprintf("%s allows clients to occupy %d executions at once (burst %d, rate %d, %d seconds each), and the account has %d unreserved: they can stop every function",
			strings.Join(routes, " and "), s.held(), s.burst, s.rate, s.seconds, unreserved),
		Do: a.increase("lambda", lambdaCode, max(defaultConcurrency, s.held()+minimumUnreserved)) +
			"; or set <project>:api streamMaxMb lower, or throttles for " + strings.Join(routes, " and ") + " (docs/how-to/runbook.md, \"How many requests hold how many executions\")",
	}}, nil
}

// streamsOf returns the common throttle of the stack's streaming routes, and whether the streaming function shares the
// account's concurrency.
func streamsOf(g *graph.Graph, routes []string) (s streams, shared bool) {
	for _, function := range g.ByType(types.Function) {
		megabytes, err := strconv.Atoi(function.Text("environment", "variables", "STREAM_MAX_MB"))
		if function.Op != "delete" && err == nil && reserved(function.Inputs) == 0 {
			// Lambda streams the first 6 MB without a limit, the rest at 2 MB/s.
			// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
			s.seconds, shared = max(1, (megabytes-6+1)/2), true
		}
	}
	for _, method := range g.ByType(types.MethodSettings) {
		for _, route := range routes {
			if method.Op != "delete" && method.Text("methodPath") == openapi.MethodPath(route) {
				s.rate += int(method.Number("settings", "throttlingRateLimit"))
				s.burst += int(method.Number("settings", "throttlingBurstLimit"))
			}
		}
	}
	return s, shared
}
