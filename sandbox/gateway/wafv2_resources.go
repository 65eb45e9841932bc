package gateway

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// namedWAF is the resource whose tags are asked for or set.
func (g *Gateway) namedWAF(_ context.Context, _ string, x *exchange) ([]iampolicy.Resource, error) {
	var call struct {
		ResourceARN, WebACLArn string
		LoggingConfiguration   struct {
			ResourceArn           string
			LogDestinationConfigs []string
		}
	}
	if err := decodeCall(x.body, &call); err != nil {
		return nil, nil //nolint:nilerr // what cannot be read names nothing
	}
	var all []iampolicy.Resource
	if logging := call.LoggingConfiguration; logging.ResourceArn != "" {
		all = append(all, iampolicy.Resource{ARN: logging.ResourceArn, Keys: map[string][]string{"wafv2:logdestinationresource": logging.LogDestinationConfigs}})
	}
	for _, arn := range []string{call.ResourceARN, call.WebACLArn} {
		if arn != "" {
			all = append(all, iampolicy.Resource{ARN: arn, Keys: map[string][]string{}})
		}
	}
	return all, nil
}

// wafv2Bounds are those of the calls that give something its physical name, of the API reference.
var wafv2Bounds = map[string]boundedCall{
	"CreateWebACL": boundOf("WAFInvalidParameterException", "Name", 128, wordDash),
}
