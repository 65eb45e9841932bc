package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// The quotas, by the codes of Service Quotas.
const (
	QuotaConcurrency = "lambda/L-B99A9384"
)

// defaultQuotas are AWS's own quotas, of the AWS General Reference, service endpoints and quotas.
var defaultQuotas = map[string]float64{QuotaConcurrency: 1000}

// minimumUnreserved is what Lambda keeps for functions without a reservation; of an account that has
// less, all of it.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
// https://github.com/anomalyco/sst/issues/5829
const minimumUnreserved = 100

// allotment is what one function has of the account's concurrency.
type concurrency struct{ reserved, provisioned int }

// Taken is what it takes of what is unreserved: provisioned executions come out of the reservation,
// where there is one.
func (a concurrency) Required() int { return max(a.reserved, a.provisioned) }

// Allotments are those of every function, without what one of them provisions by that qualifier.
func (s *Service) Concurrency(ctx context.Context, name, without string) (map[string]concurrency, error) {
	var list struct{ Functions []functionConfig }
	if err := s.Emulator.Rest(ctx, "lambda", http.MethodGet, "/2015-03-31/functions?MaxItems=10000", nil, &list); err != nil {
		return nil, fmt.Errorf("list the functions: %w", err)
	}
	all := map[string]concurrency{}
	for _, f := range list.Functions {
		var response getFunctionOutput
		if err := s.Emulator.Rest(ctx, "lambda", http.MethodGet, "/2015-03-31/functions/"+url.PathEscape(f.FunctionName), nil, &response); err != nil {
			return nil, fmt.Errorf("concurrency of %s: %w", f.FunctionName, err)
		}
		var a concurrency
		if response.Concurrency != nil {
			a.reserved = response.Concurrency.ReservedConcurrentExecutions
		}
		configs, err := s.provisioned(ctx, f.FunctionName)
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
func (s *Service) unreservedLeft(all map[string]concurrency) (free, keep int) {
	limit := s.Limits.Quota(QuotaConcurrency)
	keep = min(minimumUnreserved, limit)
	free = limit - keep
	for _, a := range all {
		free -= a.Required()
	}
	return free, keep
}

const invalidParameter = "InvalidParameterValueException"

// reserveWithin refuses a reservation that leaves the account's other functions too little.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
func (s *Service) reserveConcurrency(x *call.Exchange) error {
	var request struct{ ReservedConcurrentExecutions int }
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	name := x.Request.PathValue("name")
	all, err := s.Concurrency(x.Request.Context(), name, "")
	if err != nil {
		return err
	}
	all[name] = concurrency{reserved: request.ReservedConcurrentExecutions}
	if free, keep := s.unreservedLeft(all); free < 0 {
		return x.Reject(http.StatusBadRequest, invalidParameter,
			fmt.Sprintf("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", keep))
	}
	return x.Forward()
}

// provisionWithin refuses to provision more than the function has reserved, or than leaves the account's
// other functions too little.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
func (s *Service) provisionConcurrency(x *call.Exchange) error {
	var request struct{ ProvisionedConcurrentExecutions int }
	if err := call.Decode(x.Body, &request); err != nil {
		return fmt.Errorf("decode the request: %w", err)
	}
	name := x.Request.PathValue("name")
	all, err := s.Concurrency(x.Request.Context(), name, x.Request.URL.Query().Get("Qualifier"))
	if err != nil {
		return err
	}
	a := all[name]
	a.provisioned += request.ProvisionedConcurrentExecutions
	if a.reserved > 0 && a.provisioned > a.reserved {
		return x.Reject(http.StatusBadRequest, invalidParameter,
			"Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
	}
	all[name] = a
	if free, keep := s.unreservedLeft(all); free < 0 {
		return x.Reject(http.StatusBadRequest, invalidParameter,
			fmt.Sprintf("Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", keep))
	}
	return x.Forward()
}

// accountSettings shows the account's own concurrency.
// https://docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html
func (s *Service) accountSettings(x *call.Exchange) error {
	var response map[string]any
	if err := json.Unmarshal(x.Response, &response); err != nil {
		return fmt.Errorf("decode the account's settings: %w", err)
	}
	limit, ok := response["AccountLimit"].(map[string]any)
	if !ok {
		return fmt.Errorf("the emulator's answer has no AccountLimit: %v", response)
	}
	all, err := s.Concurrency(x.Request.Context(), "", "")
	if err != nil {
		return err
	}
	unreserved := x.Limits.Quota(QuotaConcurrency)
	limit["ConcurrentExecutions"] = unreserved
	for _, a := range all {
		unreserved -= a.reserved
	}
	limit["UnreservedConcurrentExecutions"] = unreserved
	return x.RespondJSON(http.StatusOK, response)
}
