package lambda

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// Quotas by service code and quota code of Service Quotas.
const (
	QuotaConcurrency = "lambda/L-B99A9384"
)

// defaultQuotas are AWS's default quotas (AWS General Reference, service endpoints and quotas).
var defaultQuotas = map[string]float64{QuotaConcurrency: 1000}

// minUnreserved is the concurrency that Lambda keeps unreserved, for functions without a reservation. An account with
// a smaller quota cannot reserve any.
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
// https://github.com/anomalyco/sst/issues/5829
const minUnreserved = 100

// concurrency is the reserved and provisioned concurrency of a function.
type concurrency struct{ reserved, provisioned int }

// Used is the part of the account's concurrency that the function uses: provisioned concurrency counts against the
// reserved concurrency, if there is any.
func (c concurrency) Used() int { return max(c.reserved, c.provisioned) }

// Concurrencies returns the concurrency of every function by name, without the concurrency that the named function
// provisions for the qualifier.
func (s *Service) Concurrencies(ctx context.Context, name, qualifier string) (map[string]concurrency, error) {
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
		var c concurrency
		if response.Concurrency != nil {
			c.reserved = response.Concurrency.ReservedConcurrentExecutions
		}
		configs, err := s.provisioned(ctx, f.FunctionName)
		if err != nil {
			return nil, err
		}
		for q, config := range configs {
			n, _ := config["RequestedProvisionedConcurrentExecutions"].(float64)
			if f.FunctionName != name || q != qualifier {
				c.provisioned += int(n)
			}
		}
		all[f.FunctionName] = c
	}
	return all, nil
}

// available returns the concurrency that can still be reserved or provisioned, and the minimum that stays unreserved.
func (s *Service) available(all map[string]concurrency) (free, minimum int) {
	limit := s.Limits.Quota(QuotaConcurrency)
	minimum = min(minUnreserved, limit)
	free = limit - minimum
	for _, c := range all {
		free -= c.Used()
	}
	return free, minimum
}

const invalidParameter = "InvalidParameterValueException"

// reserveConcurrency rejects a reservation that leaves less than the minimum unreserved.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
func (s *Service) reserveConcurrency(x *call.Exchange) error {
	var request struct{ ReservedConcurrentExecutions int }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	name := x.Request.PathValue("name")
	all, err := s.Concurrencies(x.Request.Context(), name, "")
	if err != nil {
		return err
	}
	all[name] = concurrency{reserved: request.ReservedConcurrentExecutions}
	if free, minimum := s.available(all); free < 0 {
		return x.Reject(http.StatusBadRequest, invalidParameter,
			fmt.Sprintf("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minimum))
	}
	return x.Forward()
}

// provisionConcurrency rejects provisioned concurrency that exceeds the function's reserved concurrency or leaves less
// than the minimum unreserved.
// https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html
func (s *Service) provisionConcurrency(x *call.Exchange) error {
	var request struct{ ProvisionedConcurrentExecutions int }
	if err := x.DecodeRequest(&request); err != nil {
		return err
	}
	name := x.Request.PathValue("name")
	all, err := s.Concurrencies(x.Request.Context(), name, x.Request.URL.Query().Get("Qualifier"))
	if err != nil {
		return err
	}
	c := all[name]
	c.provisioned += request.ProvisionedConcurrentExecutions
	if c.reserved > 0 && c.provisioned > c.reserved {
		return x.Reject(http.StatusBadRequest, invalidParameter,
			"Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function")
	}
	all[name] = c
	if free, minimum := s.available(all); free < 0 {
		return x.Reject(http.StatusBadRequest, invalidParameter,
			fmt.Sprintf("Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", minimum))
	}
	return x.Forward()
}

// accountSettings returns the account's concurrency.
// https://docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html
func (s *Service) accountSettings(x *call.Exchange) error {
	var response map[string]any
	if err := x.DecodeResponse(&response); err != nil {
		return err
	}
	limit, ok := response["AccountLimit"].(map[string]any)
	if !ok {
		return fmt.Errorf("the emulator's response has no AccountLimit: %v", response)
	}
	all, err := s.Concurrencies(x.Request.Context(), "", "")
	if err != nil {
		return err
	}
	unreserved := x.Limits.Quota(QuotaConcurrency)
	limit["ConcurrentExecutions"] = unreserved
	for _, c := range all {
		unreserved -= c.reserved
	}
	limit["UnreservedConcurrentExecutions"] = unreserved
	return x.RespondJSON(http.StatusOK, response)
}
