// Package sns corrects the emulator's SNS API.
package sns

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// New returns the corrected calls of SNS.
func New() call.Service {
	return call.Service{Name: "sns", Actions: map[string]call.Handler{}, Bounds: bounds, Resources: resources}
}

// resources returns the topic or the subscription of a call.
func resources(_ context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	var all []iampolicy.Resource
	for _, parameter := range []string{"ResourceArn", "SubscriptionArn", "TopicArn"} {
		if arn := x.Form.Get(parameter); arn != "" {
			all = append(all, iampolicy.Resource{ARN: arn, Keys: call.RequestTags(x)})
		}
	}
	return all, nil
}

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateTopic": call.BoundOf("InvalidParameter", "Name", 256, call.WordDash),
}
