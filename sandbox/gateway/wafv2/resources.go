package wafv2

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources returns the web ACLs of a call.
func (s *service) resources(_ context.Context, _ string, x *call.Exchange) ([]iampolicy.Resource, error) {
	var request struct {
		ResourceARN, WebACLArn string
		LoggingConfiguration   struct {
			ResourceArn           string
			LogDestinationConfigs []string
		}
	}
	if err := x.DecodeRequest(&request); err != nil {
		return nil, nil //nolint:nilerr // an invalid request has no resources
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

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateWebACL": call.BoundOf("WAFInvalidParameterException", "Name", 128, call.WordDash),
}
