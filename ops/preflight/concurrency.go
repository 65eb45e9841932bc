package preflight

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

const (
	lambdaCode = "L-B99A9384"
	// minimumUnreserved is what Lambda keeps for functions without a reservation. In an account with a smaller quota
	// it keeps all: with 10 nothing can be reserved or provisioned.
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
	// https://github.com/anomalyco/sst/issues/5829
	minimumUnreserved = 100
	// defaultConcurrency is the quota of an account that is not new, and the least that is requested.
	defaultConcurrency = 1000
)

// lambdaConcurrency compares what functions reserve and provision with what Lambda allows the account to reserve.
func lambdaConcurrency(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	more, taken := concurrency(g)
	if more == 0 {
		return nil, nil
	}
	settings, err := a.lambda.GetAccountSettings(ctx, &lambda.GetAccountSettingsInput{})
	if err != nil {
		return nil, fmt.Errorf("read Lambda's limits: %w", err)
	}
	limit := int(settings.AccountLimit.ConcurrentExecutions)
	unreserved := int(aws.ToInt32(settings.AccountLimit.UnreservedConcurrentExecutions))
	keep := min(minimumUnreserved, limit)
	if free := unreserved - taken - keep; more > free {
		return []Finding{{
			What: fmt.Sprintf("the stack reserves and provisions %d more concurrent executions; the account has %d, %d of them unreserved, and Lambda keeps %d unreserved", more, limit, unreserved-taken, keep),
			Do:   a.increase("lambda", lambdaCode, max(limit-unreserved+taken+more+minimumUnreserved, limit+more, defaultConcurrency)) + "; or set <project>:api provisionedConcurrency, provisionedMax and reservedConcurrency to 0",
		}}, nil
	}
	return nil, nil
}

// concurrency returns how much more of the account's unreserved concurrency the preview takes, and how much the
// stack's provisioned concurrency takes already, which Lambda does not count as reserved. A function with a reservation
// provisions from that. New executions are provisioned before the old ones are released.
func concurrency(g *graph.Graph) (more, taken int) {
	reserving := map[string]bool{}
	for _, function := range g.ByType(types.Function) {
		after, before := reserved(function.Inputs), reserved(function.Before)
		reserving[function.URN] = function.Op != "delete" && after > 0
		switch function.Op {
		case "create", "replace":
			more += after
		case "update":
			more += max(0, after-before)
		}
	}
	grow := scalingLimits(g)
	for _, provisioned := range g.ByType(types.ProvisionedConcurrency) {
		function := g.Refs(provisioned, "functionName")
		if slices.ContainsFunc(function, func(r *graph.Resource) bool { return reserving[r.URN] }) {
			continue
		}
		after := max(number(provisioned.Inputs, "provisionedConcurrentExecutions"), grow)
		switch provisioned.Op {
		case "create":
			more += after
		case "replace":
			more, taken = more+after, taken+number(provisioned.Before, "provisionedConcurrentExecutions")
		case "update":
			before := number(provisioned.Before, "provisionedConcurrentExecutions")
			more, taken = more+max(0, after-before), taken+before
		case "same":
			taken += after
		}
	}
	return more, taken
}

// reserved is a function's reservation; -1 is none.
func reserved(inputs map[string]any) int {
	return max(0, number(inputs, "reservedConcurrentExecutions"))
}

// scalingLimits is the highest provisioned concurrency that a scaling target allows.
func scalingLimits(g *graph.Graph) int {
	most := 0
	for _, target := range g.ByType("aws:appautoscaling/target:Target") {
		if target.Op != "delete" && target.Text("scalableDimension") == "lambda:function:ProvisionedConcurrency" {
			most = max(most, int(target.Number("maxCapacity")))
		}
	}
	return most
}
