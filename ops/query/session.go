package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

// sessionSeconds is the shortest session that STS issues: the command runs one statement.
const sessionSeconds = 15 * 60

// tokens is the part of STS's client that a session uses.
type tokens interface {
	GetCallerIdentity(context.Context, *sts.GetCallerIdentityInput, ...func(*sts.Options)) (*sts.GetCallerIdentityOutput, error)
	AssumeRole(context.Context, *sts.AssumeRoleInput, ...func(*sts.Options)) (*sts.AssumeRoleOutput, error)
}

// session assumes the role with the credentials of the environment.
type session struct {
	api     tokens
	current aws.CredentialsProvider
}

// request is what the role's trust policy requires of an operator.
type request struct{ reason, device, code string }

// caller is who asks.
type caller struct {
	name        string // ARN of the session
	credentials aws.CredentialsProvider
}

// assume returns the credentials of a session of the role. Those of the environment are used where they are of such a
// session already, as for several queries with one code.
func (s session) assume(ctx context.Context, to target, ask func(device string) (request, error)) (caller, error) {
	identity, err := s.api.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return caller{}, fmt.Errorf("identify the credentials of the environment: %w", err)
	}
	who := aws.ToString(identity.Arn)
	if strings.Contains(who, ":assumed-role/"+to.role[strings.LastIndex(to.role, "/")+1:]+"/") {
		return caller{who, s.current}, nil
	}
	before, user, ok := strings.Cut(who, ":user/")
	if !ok {
		return caller{}, fmt.Errorf("the credentials of the environment are those of %s: the role %s is for IAM users who have an MFA device", who, to.role)
	}
	name := user[strings.LastIndex(user, "/")+1:]
	r, err := ask(before + ":mfa/" + name)
	if err != nil {
		return caller{}, err
	}
	assumed, err := s.api.AssumeRole(ctx, &sts.AssumeRoleInput{
		RoleArn: &to.role, RoleSessionName: &name, DurationSeconds: aws.Int32(sessionSeconds),
		SerialNumber: &r.device, TokenCode: &r.code, Tags: []types.Tag{{Key: aws.String("reason"), Value: &r.reason}},
	})
	if err != nil {
		return caller{}, fmt.Errorf("assume the role of queries, for operators that iam.operators names, with the MFA device %s: %w", r.device, err)
	}
	c := assumed.Credentials
	return caller{
		aws.ToString(assumed.AssumedRoleUser.Arn),
		credentials.NewStaticCredentialsProvider(aws.ToString(c.AccessKeyId), aws.ToString(c.SecretAccessKey), aws.ToString(c.SessionToken)),
	}, nil
}
