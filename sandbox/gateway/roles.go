package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// rolePolicies are what a role may do, and the most that it may.
func (g *Gateway) rolePolicies(ctx context.Context, role string) (iampolicy.Set, error) {
	var set iampolicy.Set
	attached, err := g.iam(ctx, "ListAttachedRolePolicies", "RoleName", role)
	if err != nil {
		return set, err
	}
	for _, arn := range childTexts(attached, "PolicyArn") {
		document, err := g.managedPolicy(ctx, arn)
		if err != nil {
			return set, err
		}
		set.Identity = append(set.Identity, document...)
	}
	inline, err := g.iam(ctx, "ListRolePolicies", "RoleName", role)
	if err != nil {
		return set, err
	}
	for _, name := range inline.first("PolicyNames").texts() {
		answer, err := g.iam(ctx, "GetRolePolicy", "RoleName", role, "PolicyName", name)
		if err != nil {
			return set, err
		}
		document, err := iampolicy.Parse(answer.first("PolicyDocument").text)
		if err != nil {
			return set, err
		}
		set.Identity = append(set.Identity, document...)
	}
	boundary, err := g.boundary(ctx, role)
	if err != nil || boundary == "" {
		return set, err
	}
	set.Bounded = true
	set.Boundary, err = g.managedPolicy(ctx, boundary)
	return set, err
}

// boundary is the ARN of a role's permissions boundary; empty: it has none, or there is no role.
func (g *Gateway) boundary(ctx context.Context, role string) (string, error) {
	answer, err := g.iam(ctx, "GetRole", "RoleName", role)
	var refused *callError
	if errors.As(err, &refused) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if arn := answer.first("PermissionsBoundaryArn"); arn != nil {
		return arn.text, nil
	}
	return "", nil
}

func (g *Gateway) managedPolicy(ctx context.Context, arn string) ([]iampolicy.Statement, error) {
	policy, err := g.iam(ctx, "GetPolicy", "PolicyArn", arn)
	if err != nil {
		return nil, err
	}
	version, err := g.iam(ctx, "GetPolicyVersion", "PolicyArn", arn, "VersionId", policy.first("DefaultVersionId").text)
	if err != nil {
		return nil, err
	}
	return iampolicy.Parse(version.first("Document").text)
}

func (g *Gateway) iam(ctx context.Context, action string, pairs ...string) (*node, error) {
	call := map[string]string{"Action": action}
	for i := 0; i+1 < len(pairs); i += 2 {
		call[pairs[i]] = pairs[i+1]
	}
	return g.admin.query(ctx, "iam", iamVersion, call)
}

// untrustedError says that a role's trust policy does not let a service take the role.
type untrustedError struct {
	role, policy string
	caller       iampolicy.Caller
}

func (e *untrustedError) Error() string {
	return fmt.Sprintf("the trust policy of the role %s does not let %s take it with the condition keys %v: %s",
		e.role, e.caller.Service, e.caller.Keys, e.policy)
}

// trusts returns an untrustedError where a role's trust policy does not let the service take the role, and
// the emulator's error where there is no such role.
func (g *Gateway) trusts(ctx context.Context, role string, by iampolicy.Caller) error {
	answer, err := g.iam(ctx, "GetRole", "RoleName", roleName(role))
	if err != nil {
		return fmt.Errorf("role %s: %w", role, err)
	}
	document, err := url.QueryUnescape(answer.first("Role").value("AssumeRolePolicyDocument"))
	if err != nil {
		return fmt.Errorf("trust policy of the role %s: %w", role, err)
	}
	policy, err := iampolicy.Parse(document)
	if err != nil {
		return fmt.Errorf("trust policy of the role %s: %w", role, err)
	}
	if allowed, _ := by.Allows(policy, "sts:AssumeRole", role); !allowed {
		return &untrustedError{role, document, by}
	}
	return nil
}

// roleName is what IAM's calls name a role by: its ARN without account and path.
func roleName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// takeRole is a session of a role, in which a service acts, if the role's trust policy lets the service take
// it. The emulator lets its administrator assume any role that trusts some service.
func (g *Gateway) takeRole(ctx context.Context, role, session string, by iampolicy.Caller) (*node, error) {
	if err := g.trusts(ctx, role, by); err != nil {
		return nil, err
	}
	answer, err := g.admin.query(ctx, "sts", "2011-06-15", map[string]string{
		"Action": "AssumeRole", "RoleArn": role, "RoleSessionName": session, "DurationSeconds": "3600",
	})
	if err != nil {
		return nil, fmt.Errorf("assume %s: %w", role, err)
	}
	return answer.first("Credentials"), nil
}

// inNameOf makes calls as a role that a service takes.
func (g *Gateway) inNameOf(ctx context.Context, role, session string, by iampolicy.Caller) (*admin, error) {
	given, err := g.takeRole(ctx, role, session, by)
	if err != nil {
		return nil, err
	}
	as := *g.admin
	as.credentials = aws.Credentials{
		AccessKeyID: given.value("AccessKeyId"), SecretAccessKey: given.value("SecretAccessKey"), SessionToken: given.value("SessionToken"),
	}
	return &as, nil
}
