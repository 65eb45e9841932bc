package wafv2

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources is the resource whose tags are asked for or set.
func (s *service) resources(_ context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	var request struct {
		ResourceARN, WebACLArn string
		LoggingConfiguration   struct {
			ResourceArn           string
			LogDestinationConfigs []string
		}
	}
	if err := call.Decode(x.Body, &request); err != nil {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	var all []iampolicy.Resource
	if logging := request.LoggingConfiguration; logging.ResourceArn != "" {
		all = append(all, iampolicy.Resource{ARN: logging.ResourceArn, Keys: map[string][]string{"wafv2:logdestinationresource": logging.LogDestinationConfigs}})
	}
	for _, arn := range []string{request.ResourceARN, request.WebACLArn} {
		if arn != "" {
			all = append(all, iampolicy.Resource{ARN: arn, Keys: map[string][]string{}})
		}
	}
	return all, nil
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"CreateWebACL": call.BoundOf("WAFInvalidParameterException", "Name", 128, call.WordDash),
}
