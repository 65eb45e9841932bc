package appautoscaling

import (
	"context"
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources returns the scalable target of a call, with its tags and those that the call sets.
func (s *service) resources(_ context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	var request scalingObject
	if err := x.DecodeRequest(&request); err != nil {
		return nil, nil //nolint:nilerr // an invalid request has no resources
	}
	keys := map[string][]string{}
	if space := call.StringMember(request, "ServiceNamespace"); space != "" {
		keys["application-autoscaling:service-namespace"] = []string{space}
	}
	tags, _ := request["Tags"].(map[string]any)
	for key, value := range tags {
		keys["aws:requesttag/"+strings.ToLower(key)] = []string{fmt.Sprint(value)}
	}
	s.scaling.mu.Lock()
	defer s.scaling.mu.Unlock()
	arn := call.StringMember(request, "ResourceARN")
	for _, target := range s.scaling.targets {
		if arn == "" && target.same(request, targetMembers...) {
			arn = call.StringMember(target, "ScalableTargetARN")
		}
	}
	for key, value := range s.scaling.tags[arn] {
		keys["aws:resourcetag/"+strings.ToLower(key)] = []string{value}
	}
	if arn == "" {
		arn = s.ARN("application-autoscaling", "scalable-target/*")
	}
	return []iampolicy.Resource{{ARN: arn, Keys: keys}}, nil
}

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"PutScalingPolicy": call.BoundOf("ValidationException", "PolicyName", 256, nil),
}
