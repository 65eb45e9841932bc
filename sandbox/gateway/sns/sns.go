// Package sns corrects SNS.
package sns

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources is the topic or the subscription, by its ARN.
func (s *service) resources(_ context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	var all []iampolicy.Resource
	for _, parameter := range []string{"ResourceArn", "SubscriptionArn", "TopicArn"} {
		if arn := x.Form.Get(parameter); arn != "" {
			all = append(all, iampolicy.Resource{ARN: arn, Keys: call.RequestTags(x)})
		}
	}
	return all, nil
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"CreateTopic": call.BoundOf("InvalidParameter", "Name", 256, call.WordDash),
}

// service is SNS as the gateway corrects it.
type service struct {
	*call.Account
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a}).calls()
}

func (s *service) calls() call.Service {
	return call.Service{Name: "sns", Actions: map[string]call.Handler{}, Bounds: bounds, Resources: s.resources}
}
