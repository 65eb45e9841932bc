package lambda

import (
	"cmp"
	"context"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources is the function that a call is about: its name is in the path, a new one's in the body. Whoever
// is allowed to invoke it is in the body.
func (s *Service) resources(_ context.Context, action string, x *call.Exchange) ([]iampolicy.Resource, error) {
	name := x.Request.PathValue("name")
	var keys map[string][]string
	if action == "CreateFunction" || action == "AddPermission" {
		var request struct{ FunctionName, Principal string }
		if err := call.Decode(x.Body, &request); err != nil {
			return nil, nil //nolint:nilerr // what cannot be read names nothing
		}
		name = cmp.Or(name, request.FunctionName)
		keys = map[string][]string{"lambda:principal": {request.Principal}}
	}
	if name == "" {
		return nil, nil
	}
	return []iampolicy.Resource{{ARN: s.ARN("lambda", "function:"+name[strings.LastIndex(name, ":")+1:]), Keys: keys}}, nil
}
