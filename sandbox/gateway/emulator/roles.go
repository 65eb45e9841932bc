package emulator

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// RolePolicies returns the policies of a role and its permissions boundary.
func (c *Client) RolePolicies(ctx context.Context, role string) (iampolicy.Set, error) {
	var set iampolicy.Set
	attached, err := c.IAM(ctx, "ListAttachedRolePolicies", "RoleName", role)
	if err != nil {
		return set, err
	}
	for _, arn := range xmltree.ChildTexts(attached, "PolicyArn") {
		document, err := c.managedPolicy(ctx, arn)
		if err != nil {
			return set, err
		}
		set.Identity = append(set.Identity, document...)
	}
	inline, err := c.IAM(ctx, "ListRolePolicies", "RoleName", role)
	if err != nil {
		return set, err
	}
	for _, name := range inline.First("PolicyNames").Texts() {
		response, err := c.IAM(ctx, "GetRolePolicy", "RoleName", role, "PolicyName", name)
		if err != nil {
			return set, err
		}
		document, err := iampolicy.Parse(response.First("PolicyDocument").Text)
		if err != nil {
			return set, err
		}
		set.Identity = append(set.Identity, document...)
	}
	boundary, err := c.Boundary(ctx, role)
	if err != nil || boundary == "" {
		return set, err
	}
	set.Bounded = true
	set.Boundary, err = c.managedPolicy(ctx, boundary)
	return set, err
}

// Boundary is the ARN of a role's permissions boundary. It is empty without one, and if the role does not exist.
func (c *Client) Boundary(ctx context.Context, role string) (string, error) {
	response, err := c.IAM(ctx, "GetRole", "RoleName", role)
	if apiErr := new(Error); errors.As(err, &apiErr) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if arn := response.First("PermissionsBoundaryArn"); arn != nil {
		return arn.Text, nil
	}
	return "", nil
}

func (c *Client) managedPolicy(ctx context.Context, arn string) ([]iampolicy.Statement, error) {
	policy, err := c.IAM(ctx, "GetPolicy", "PolicyArn", arn)
	if err != nil {
		return nil, err
	}
	version, err := c.IAM(ctx, "GetPolicyVersion", "PolicyArn", arn, "VersionId", policy.First("DefaultVersionId").Text)
	if err != nil {
		return nil, err
	}
	return iampolicy.Parse(version.First("Document").Text)
}

// IAM calls an action of IAM with parameters in pairs of name and value.
func (c *Client) IAM(ctx context.Context, action string, pairs ...string) (*xmltree.Node, error) {
	request := map[string]string{"Action": action}
	for i := 0; i+1 < len(pairs); i += 2 {
		request[pairs[i]] = pairs[i+1]
	}
	return c.Query(ctx, "iam", IAMVersion, request)
}

// UntrustedError reports that a role's trust policy does not allow a service to assume the role.
type UntrustedError struct {
	role, policy string
	caller       iampolicy.Caller
}

func (e *UntrustedError) Error() string {
	return fmt.Sprintf("the trust policy of the role %s does not allow %s to assume it with the condition keys %v: %s",
		e.role, e.caller.Service, e.caller.Keys, e.policy)
}

// Trusts returns an UntrustedError if a role's trust policy does not allow the service to assume the role, and the
// emulator's error if the role does not exist.
func (c *Client) Trusts(ctx context.Context, role string, by iampolicy.Caller) error {
	response, err := c.IAM(ctx, "GetRole", "RoleName", RoleName(role))
	if err != nil {
		return fmt.Errorf("role %s: %w", role, err)
	}
	document, err := url.QueryUnescape(response.First("Role").Value("AssumeRolePolicyDocument"))
	if err != nil {
		return fmt.Errorf("trust policy of the role %s: %w", role, err)
	}
	policy, err := iampolicy.Parse(document)
	if err != nil {
		return fmt.Errorf("trust policy of the role %s: %w", role, err)
	}
	if allowed, _ := by.Allows(policy, "sts:AssumeRole", role); !allowed {
		return &UntrustedError{role, document, by}
	}
	return nil
}

// RoleName is the name of a role, which is the end of its ARN.
func RoleName(arn string) string { return arn[strings.LastIndex(arn, "/")+1:] }

// AssumeRole returns the credentials of a role session for a service, if the role's trust policy allows the service
// to assume the role. The emulator allows its administrator to assume every role that trusts a service.
func (c *Client) AssumeRole(ctx context.Context, role, session string, by iampolicy.Caller) (*xmltree.Node, error) {
	if err := c.Trusts(ctx, role, by); err != nil {
		return nil, err
	}
	response, err := c.Query(ctx, "sts", "2011-06-15", map[string]string{
		"Action": "AssumeRole", "RoleArn": role, "RoleSessionName": session, "DurationSeconds": "3600",
	})
	if err != nil {
		return nil, fmt.Errorf("assume %s: %w", role, err)
	}
	return response.First("Credentials"), nil
}

// AsRole returns a client that makes calls with a role that a service assumes.
func (c *Client) AsRole(ctx context.Context, role, session string, by iampolicy.Caller) (*Client, error) {
	assumed, err := c.AssumeRole(ctx, role, session, by)
	if err != nil {
		return nil, err
	}
	as := *c
	as.Credentials = aws.Credentials{
		AccessKeyID: assumed.Value("AccessKeyId"), SecretAccessKey: assumed.Value("SecretAccessKey"), SessionToken: assumed.Value("SessionToken"),
	}
	return &as, nil
}
