package gateway

import (
	"context"
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// namedScaling is the target of a call, new or known, with its tags and those that the call sets.
func (g *Gateway) namedScaling(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var call scalingObject
	if err := decodeCall(x.body, &call); err != nil {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	keys := map[string][]string{}
	if space := text(call, "ServiceNamespace"); space != "" {
		keys["application-autoscaling:service-namespace"] = []string{space}
	}
	tags, _ := call["Tags"].(map[string]any)
	for key, value := range tags {
		keys["aws:requesttag/"+strings.ToLower(key)] = []string{fmt.Sprint(value)}
	}
	g.scaling.mu.Lock()
	defer g.scaling.mu.Unlock()
	arn := text(call, "ResourceARN")
	for _, target := range g.scaling.targets {
		if arn == "" && target.same(call, targetMembers...) {
			arn = text(target, "ScalableTargetARN")
		}
	}
	for key, value := range g.scaling.tags[arn] {
		keys["aws:resourcetag/"+strings.ToLower(key)] = []string{value}
	}
	if arn == "" {
		arn = g.arn("application-autoscaling", "scalable-target/*")
	}
	return []iampolicy.Resource{{ARN: arn, Keys: keys}}, nil
}

// appautoscalingBounds are those of the calls that give something its physical name, of the API reference.
var appautoscalingBounds = map[string]boundedCall{
	"PutScalingPolicy": boundOf("ValidationException", "PolicyName", 256, nil),
}
