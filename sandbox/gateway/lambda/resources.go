package lambda

import (
	"cmp"
	"context"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources returns the function of a call, whose name is in the path or, for a new one, in the body. AddPermission
// has the condition key lambda:Principal, which is the principal in the body.
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func (s *Service) resources(_ context.Context, action string, x *call.Exchange) ([]iampolicy.Resource, error) {
	name := x.Request.PathValue("name")
	var keys map[string][]string
	if action == "CreateFunction" || action == "AddPermission" {
		var request struct{ FunctionName, Principal string }
		if err := x.DecodeRequest(&request); err != nil {
			return nil, nil //nolint:nilerr // an invalid request has no resources
		}
		name = cmp.Or(name, request.FunctionName)
		if request.Principal != "" {
			keys = map[string][]string{"lambda:principal": {request.Principal}}
		}
	}
	if name == "" {
		return nil, nil
	}
	return []iampolicy.Resource{{ARN: s.ARN("lambda", "function:"+name[strings.LastIndex(name, ":")+1:]), Keys: keys}}, nil
}
