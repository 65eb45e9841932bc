package gateway

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// calling is a service of AWS's that calls another one and says for which account and, where there is an ARN, for
// which resource (docs/reference/aws-rules.md, IAM, has what is documented of each).
func (g *Gateway) calling(service, arn string) iampolicy.Caller {
	c := iampolicy.Caller{Service: service, Keys: map[string][]string{"aws:sourceaccount": {g.config.AccountID}}}
	if arn != "" {
		c.Keys["aws:sourcearn"] = []string{arn}
	}
	return c
}

// callingLambda is Lambda when it runs a function.
func (g *Gateway) callingLambda(function string) iampolicy.Caller {
	return g.calling("lambda.amazonaws.com", g.functionARN(function, ""))
}

// callingProxy is RDS Proxy, of which no condition key is documented.
var callingProxy = iampolicy.Caller{Service: "rds.amazonaws.com"}

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

// refuseUntrusting refuses a function whose role Lambda cannot take. For a function in a VPC Lambda tries the
// role without aws:SourceArn, as it does while it connects the first function to a VPC.
// https://github.com/aws/aws-parallelcluster/pull/6926
func refuseUntrusting(call handler) handler {
	return reading(func(x *exchange) error {
		var f struct {
			FunctionName, Role string
			VpcConfig          struct {
				SubnetIDs []string `json:"SubnetIds"`
			}
		}
		if err := decodeCall(x.body, &f); err != nil {
			return fmt.Errorf("decode the request: %w", err)
		}
		if f.Role == "" {
			return call(x)
		}
		name := f.FunctionName
		if name == "" {
			name, _ = splitFunction(x.r.PathValue("name"), "")
		}
		by, message := x.g.callingLambda(name), "The role defined for the function cannot be assumed by Lambda."
		if len(f.VpcConfig.SubnetIDs) > 0 {
			by, message = x.g.calling(by.Service, ""), "The function's execution role doesn't have permission to perform this operation."
		}
		err := x.g.trusts(x.r.Context(), f.Role, by)
		if untrusted := new(untrustedError); errors.As(err, &untrusted) {
			x.g.log.Info("refused as Lambda would", "function", name, "error", err)
			return x.answerError(http.StatusBadRequest, "InvalidParameterValueException", message)
		}
		return call(x) // a role that is not there is the emulator's to refuse
	})
}
