package iam

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// resources returns the role of a call, with its new or current boundary and the call's policy, or the identity
// provider.
func (s *service) resources(ctx context.Context, action string, x *call.Exchange) ([]iampolicy.Resource, error) {
	if provider := x.Form.Get("OpenIDConnectProviderArn"); provider != "" {
		return []iampolicy.Resource{{ARN: provider, Keys: call.RequestTags(x)}}, nil
	}
	role := x.Form.Get("RoleName")
	if role == "" {
		return nil, nil
	}
	keys := call.RequestTags(x)
	boundary := x.Form.Get("PermissionsBoundary")
	if boundary == "" && action != "CreateRole" {
		var err error
		if boundary, err = s.Emulator.Boundary(ctx, role); err != nil {
			return nil, err
		}
	}
	if boundary != "" {
		keys["iam:permissionsboundary"] = []string{boundary}
	}
	if policy := x.Form.Get("PolicyArn"); policy != "" {
		keys["iam:policyarn"] = []string{policy}
	}
	return []iampolicy.Resource{{ARN: "arn:aws:iam::" + s.AccountID + ":role/" + role, Keys: keys}}, nil
}
