package gateway

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// namedSNS is the topic or the subscription, by its ARN.
func (g *Gateway) namedSNS(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var all []iampolicy.Resource
	for _, parameter := range []string{"ResourceArn", "SubscriptionArn", "TopicArn"} {
		if arn := x.form.Get(parameter); arn != "" {
			all = append(all, iampolicy.Resource{ARN: arn, Keys: requestTags(x)})
		}
	}
	return all, nil
}

// snsBounds are those of the calls that give something its physical name, of the API reference.
var snsBounds = map[string]boundedCall{
	"CreateTopic": boundOf("InvalidParameter", "Name", 256, wordDash),
}

func (g *Gateway) snsCalls() service {
	return service{name: "sns", actions: map[string]handler{}, bounds: snsBounds, resources: g.namedSNS}
}
