package lambda

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// CallingLambda is Lambda when it runs a function.
func (s *Service) LambdaCaller(function string) iampolicy.Caller {
	return s.ServiceCaller("lambda.amazonaws.com", s.FunctionARN(function, ""))
}

// refuseUntrusting refuses a function whose role Lambda cannot take. For a function in a VPC Lambda tries the
// role without aws:SourceArn, as it does while it connects the first function to a VPC.
// https://github.com/aws/aws-parallelcluster/pull/6926
func (s *Service) requireTrust(next call.Handler) call.Handler {
	return call.WithBody(func(x *call.Exchange) error {
		var f struct {
			FunctionName, Role string
			VpcConfig          struct {
				SubnetIDs []string `json:"SubnetIds"`
			}
		}
		if err := call.Decode(x.Body, &f); err != nil {
			return fmt.Errorf("decode the request: %w", err)
		}
		if f.Role == "" {
			return next(x)
		}
		name := f.FunctionName
		if name == "" {
			name, _ = splitFunction(x.Request.PathValue("name"), "")
		}
		by, message := s.LambdaCaller(name), "The role defined for the function cannot be assumed by Lambda."
		if len(f.VpcConfig.SubnetIDs) > 0 {
			by, message = x.ServiceCaller(by.Service, ""), "The function's execution role doesn't have permission to perform this operation."
		}
		err := x.Emulator.Trusts(x.Request.Context(), f.Role, by)
		if untrusted := new(emulator.UntrustedError); errors.As(err, &untrusted) {
			x.Log.Info("refused as Lambda would", "function", name, "error", err)
			return x.Reject(http.StatusBadRequest, "InvalidParameterValueException", message)
		}
		return next(x) // a role that is not there is the emulator's to refuse
	})
}
