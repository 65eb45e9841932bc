package apigateway

import (
	"context"
	"errors"
	"fmt"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
	"github.com/didomi/serverless-api/sandbox/restapi"
)

// Principal implements restapi.Store. The principal is read again after each change of IAM, not for each request.
func (s *Service) Principal(ctx context.Context, accessKeyID string) (restapi.Principal, error) {
	return emulator.Lookup(s.Lookups, "iam", "principal "+accessKeyID, func() (restapi.Principal, error) {
		return s.loadPrincipal(ctx, accessKeyID)
	})
}

func (s *Service) loadPrincipal(ctx context.Context, accessKeyID string) (restapi.Principal, error) {
	p, err := s.Emulator.Principal(ctx, accessKeyID)
	if invalid := new(emulator.CredentialError); errors.As(err, &invalid) {
		if invalid.Code == "ExpiredTokenException" {
			return restapi.Principal{}, restapi.ErrExpiredToken
		}
		return restapi.Principal{}, fmt.Errorf("access key: %s: %w", invalid.Message, restapi.ErrNotFound)
	}
	if err != nil {
		return restapi.Principal{}, err
	}
	policies := iampolicy.Set{Identity: p.Identity, Session: p.Limits}
	if p.Root {
		policies.Identity = []iampolicy.Statement{{Effect: "Allow", Action: iampolicy.Values{"*"}, Resource: iampolicy.Values{"*"}}}
	}
	return restapi.Principal{
		AccessKeyID: accessKeyID, SecretAccessKey: p.Secret, SessionToken: p.Token, Expires: p.Expiry(),
		ARN: p.ARN, ID: p.ID, AccountID: p.Account, Policies: policies, Keys: p.Keys,
	}, nil
}

// RoleInvokes implements restapi.Store.
// https://docs.aws.amazon.com/apigateway/latest/api/API_Authorizer.html (authorizerCredentials)
func (s *Service) RoleInvokes(ctx context.Context, roleARN, functionARN string) error {
	_, err := emulator.Lookup(s.Lookups, "iam", "invokes "+roleARN+" "+functionARN, func() (bool, error) {
		if err := s.Emulator.Trusts(ctx, roleARN, iampolicy.Caller{Service: "apigateway.amazonaws.com"}); err != nil {
			return false, err
		}
		policies, err := s.Emulator.RolePolicies(ctx, emulator.RoleName(roleARN))
		if err != nil {
			return false, err
		}
		if !policies.Allows("lambda:InvokeFunction", iampolicy.Resource{ARN: functionARN}) {
			return false, fmt.Errorf("the policies of %s do not allow it to invoke %s", roleARN, functionARN)
		}
		return true, nil
	})
	return err
}
