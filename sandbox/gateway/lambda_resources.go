package gateway

import (
	"cmp"
	"context"
	"strings"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// namedLambda is the function that a call is about: its name is in the path, a new one's in the body. Whoever
// is allowed to invoke it is in the body.
func (g *Gateway) namedLambda(_ context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	name := x.r.PathValue("name")
	var keys map[string][]string
	if action == "CreateFunction" || action == "AddPermission" {
		var call struct{ FunctionName, Principal string }
		if err := decodeCall(x.body, &call); err != nil {
			return nil, nil //nolint:nilerr // what cannot be read names nothing
		}
		name = cmp.Or(name, call.FunctionName)
		keys = map[string][]string{"lambda:principal": {call.Principal}}
	}
	if name == "" {
		return nil, nil
	}
	return []iampolicy.Resource{{ARN: g.arn("lambda", "function:"+name[strings.LastIndex(name, ":")+1:]), Keys: keys}}, nil
}
