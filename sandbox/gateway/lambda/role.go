package lambda

import (
	"errors"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// LambdaCaller is Lambda when it runs a function.
func (s *Service) LambdaCaller(function string) iampolicy.Caller {
	return s.ServiceCaller("lambda.amazonaws.com", s.FunctionARN(function, ""))
}

// requireTrust rejects a function whose role Lambda cannot assume. For a function in a VPC Lambda checks the role
// without aws:SourceArn, as while it connects the first function to a VPC.
// https://github.com/aws/aws-parallelcluster/pull/6926
func (s *Service) requireTrust(next call.Handler) call.Handler {
	return call.WithBody(func(x *call.Exchange) error {
		var f struct {
			FunctionName, Role string
			VpcConfig          struct {
				SubnetIDs []string `json:"SubnetIds"`
			}
		}
		if err := x.DecodeRequest(&f); err != nil {
			return err
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
			x.Log.Info("rejected, as Lambda would", "function", name, "error", err)
			return x.Reject(http.StatusBadRequest, "InvalidParameterValueException", message)
		}
		return next(x) // the emulator rejects a role that does not exist
	})
}
