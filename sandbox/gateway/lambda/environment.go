package lambda

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// maxEnvironment is the size limit of a function's environment variables, in bytes. Lambda measures them as a JSON
// document, which is in its error message.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
// https://github.com/github-aws-runners/terraform-aws-github-runner/issues/3594
const maxEnvironment = 4096

// limitEnvironment rejects a function configuration whose environment is too large.
func limitEnvironment(next call.Handler) call.Handler {
	return call.WithBody(func(x *call.Exchange) error {
		var request struct {
			Environment struct{ Variables map[string]string }
		}
		if err := x.DecodeRequest(&request); err != nil {
			return err
		}
		measured, err := json.Marshal(request.Environment.Variables)
		if err != nil {
			return fmt.Errorf("measure the environment: %w", err)
		}
		if len(measured) > maxEnvironment {
			return x.Reject(http.StatusBadRequest, "InvalidParameterValueException",
				"Lambda was unable to configure your environment variables because the environment variables you have provided exceeded the 4KB limit. String measured: "+string(measured))
		}
		return next(x)
	})
}
