package gateway

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
)

// The quotas, by the codes of Service Quotas.
const (
	quotaConcurrency = "lambda/L-B99A9384"
)

// lambdaDefaults are AWS's own quotas, of the AWS General Reference, service endpoints and quotas.
var lambdaDefaults = map[string]float64{quotaConcurrency: 1000}

// minimumUnreserved is what Lambda keeps for functions without a reservation; of an account that has
// less, all of it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
// https://github.com/anomalyco/sst/issues/5829
const minimumUnreserved = 100

// allotment is what one function has of the account's concurrency.
type allotment struct{ reserved, provisioned int }

// taken is what it takes of what is unreserved: provisioned executions come out of the reservation,
// where there is one.
func (a allotment) taken() int { return max(a.reserved, a.provisioned) }

// allotments are those of every function, without what one of them provisions by that qualifier.
func (g *Gateway) allotments(ctx context.Context, name, without string) (map[string]allotment, error) {
	var list struct{ Functions []functionConfig }
	if err := g.admin.rest(ctx, "lambda", http.MethodGet, "/2015-03-31/functions?MaxItems=10000", nil, &list); err != nil {
		return nil, fmt.Errorf("list the functions: %w", err)
	}
	all := map[string]allotment{}
	for _, f := range list.Functions {
		var answer functionAnswer
		if err := g.admin.rest(ctx, "lambda", http.MethodGet, "/2015-03-31/functions/"+url.PathEscape(f.FunctionName), nil, &answer); err != nil {
			return nil, fmt.Errorf("concurrency of %s: %w", f.FunctionName, err)
		}
		var a allotment
		if answer.Concurrency != nil {
			a.reserved = answer.Concurrency.ReservedConcurrentExecutions
		}
		configs, err := g.provisioned(ctx, f.FunctionName)
		if err != nil {
			return nil, err
		}
		for qualifier, config := range configs {
			n, _ := config["RequestedProvisionedConcurrentExecutions"].(float64)
			if f.FunctionName != name || qualifier != without {
				a.provisioned += int(n)
			}
		}
		all[f.FunctionName] = a
	}
	return all, nil
}

// unallotted is how many executions may still be reserved or provisioned, and what Lambda keeps.
func (g *Gateway) unallotted(all map[string]allotment) (free, keep int) {
	limit := g.limits.quota(quotaConcurrency)
	keep = min(minimumUnreserved, limit)
	free = limit - keep
	for _, a := range all {
		free -= a.taken()
	}
	return free, keep
}

const invalidParameter = "InvalidParameterValueException"

// reserveWithin refuses a reservation that leaves the account's other functions too little.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
func reserveWithin(x *exchange) error {
	var request struct{ ReservedConcurrentExecutions int }
	if err := decodeCall(x.body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	name := x.r.PathValue("name")
	all, err := x.g.allotments(x.r.Context(), name, "")
	if err != nil {
		return err
	}
	all[name] = allotment{reserved: request.ReservedConcurrentExecutions}
	if free, keep := x.g.unallotted(all); free < 0 {
		return x.answerError(http.StatusBadRequest, invalidParameter,
			fmt.Sprintf("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", keep))
	}
	return x.forward()
}

// provisionWithin refuses to provision more than the function has reserved, or than leaves the account's
// other functions too little.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
func provisionWithin(x *exchange) error {
	var request struct{ ProvisionedConcurrentExecutions int }
	if err := decodeCall(x.body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	name := x.r.PathValue("name")
	all, err := x.g.allotments(x.r.Context(), name, x.r.URL.Query().Get("Qualifier"))
	if err != nil {
		return err
	}
	a := all[name]
	a.provisioned += request.ProvisionedConcurrentExecutions
	if a.reserved > 0 && a.provisioned > a.reserved {
		return x.answerError(http.StatusBadRequest, invalidParameter,
			"Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
	}
	all[name] = a
	if free, keep := x.g.unallotted(all); free < 0 {
		return x.answerError(http.StatusBadRequest, invalidParameter,
			fmt.Sprintf("Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", keep))
	}
	return x.forward()
}

// accountSettings shows the account's own concurrency.
// https://docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html
func accountSettings(x *exchange) error {
	var answer map[string]any
	if err := json.Unmarshal(x.answer, &answer); err != nil {
		return fmt.Errorf("decode the account's settings: %w", err)
	}
	limit, ok := answer["AccountLimit"].(map[string]any)
	if !ok {
		return fmt.Errorf("the emulator's answer has no AccountLimit: %v", answer)
	}
	all, err := x.g.allotments(x.r.Context(), "", "")
	if err != nil {
		return err
	}
	unreserved := x.g.limits.quota(quotaConcurrency)
	limit["ConcurrentExecutions"] = unreserved
	for _, a := range all {
		unreserved -= a.reserved
	}
	limit["UnreservedConcurrentExecutions"] = unreserved
	return x.answerJSON(http.StatusOK, answer)
}
