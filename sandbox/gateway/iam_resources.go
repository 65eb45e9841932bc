package gateway

import (
	"context"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// namedIAM is the role, with the boundary that it gets or has and the policy that it is about.
func (g *Gateway) namedIAM(ctx context.Context, action string, x *exchange) ([]iampolicy.Resource, error) {
	if provider := x.form.Get("OpenIDConnectProviderArn"); provider != "" {
		return []iampolicy.Resource{{ARN: provider, Keys: requestTags(x)}}, nil
	}
	role := x.form.Get("RoleName")
	if role == "" {
		return nil, nil
	}
	keys := requestTags(x)
	boundary := x.form.Get("PermissionsBoundary")
	if boundary == "" && action != "CreateRole" {
		var err error
		if boundary, err = g.boundary(ctx, role); err != nil {
			return nil, err
		}
	}
	if boundary != "" {
		keys["iam:permissionsboundary"] = []string{boundary}
	}
	if policy := x.form.Get("PolicyArn"); policy != "" {
		keys["iam:policyarn"] = []string{policy}
	}
	return []iampolicy.Resource{{ARN: "arn:aws:iam::" + g.config.AccountID + ":role/" + role, Keys: keys}}, nil
}
