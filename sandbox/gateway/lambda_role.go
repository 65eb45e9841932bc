package gateway

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// callingLambda is Lambda when it runs a function.
func (g *Gateway) callingLambda(function string) iampolicy.Caller {
	return g.calling("lambda.amazonaws.com", g.functionARN(function, ""))
}

// refuseUntrusting refuses a function whose role Lambda cannot take. For a function in a VPC Lambda tries the
// role without aws:SourceArn, as it does while it connects the first function to a VPC.
// https://github.com/aws/aws-parallelcluster/pull/6926
func refuseUntrusting(call handler) handler {
	return reading(func(x *exchange) error {
		var f struct {
			FunctionName, Role string
			VpcConfig          struct {
				SubnetIDs []string `json:"SubnetIds"`
			}
		}
		if err := decodeCall(x.body, &f); err != nil {
			return fmt.Errorf("decode the request: %w", err)
		}
		if f.Role == "" {
			return call(x)
		}
		name := f.FunctionName
		if name == "" {
			name, _ = splitFunction(x.r.PathValue("name"), "")
		}
		by, message := x.g.callingLambda(name), "The role defined for the function cannot be assumed by Lambda."
		if len(f.VpcConfig.SubnetIDs) > 0 {
			by, message = x.g.calling(by.Service, ""), "The function's execution role doesn't have permission to perform this operation."
		}
		err := x.g.trusts(x.r.Context(), f.Role, by)
		if untrusted := new(untrustedError); errors.As(err, &untrusted) {
			x.g.log.Info("refused as Lambda would", "function", name, "error", err)
			return x.answerError(http.StatusBadRequest, "InvalidParameterValueException", message)
		}
		return call(x) // a role that is not there is the emulator's to refuse
	})
}
