package rotation

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab"
)

// outputs are the stack's outputs that a rotation needs.
type outputs struct {
	User        string `json:"ciUser"`
	Secret      string `json:"ciKeySecret"`
	PreviewRole string `json:"ciPreviewRole"`
}

// Run rotates the access key of a stack's CI user. It reads what `pulumi stack output --json` prints, and uses the
// account of the environment's credentials, which must be an administrator's, and GitLab where GITLAB_TOKEN is
// set.
func Run(ctx context.Context, io command.IO, args []string) error {
	return run(ctx, io, args, os.Getenv)
}

func run(ctx context.Context, io command.IO, args []string, getenv func(string) string) error {
	flags := command.Flags("rotate-key")
	stack := flags.String("stack", "", "the `stack` whose CI user gets a new key")
	finish := flags.Bool("finish", false, "the pipeline has the stored key: delete the older one")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if *stack == "" {
		return command.BadUsage("set --stack")
	}
	named, err := readOutputs(io.Stdin)
	if err != nil {
		return err
	}
	publish, err := publisher(*stack, getenv)
	if err != nil {
		return err
	}
	account, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("read the AWS settings of the environment: %w", err)
	}
	err = (&Rotation{
		IAM: iam.NewFromConfig(account), Secrets: secretsmanager.NewFromConfig(account),
		User: named.User, SecretARN: named.Secret,
		Try:     func(ctx context.Context, key Key) error { return assumeRole(ctx, account, named.PreviewRole, key) },
		Publish: publish, Finish: *finish, Wait: command.Wait, Log: io.Stdout,
	}).Run(ctx)
	if errors.Is(err, ErrByHand) {
		id, secret := variables(*stack)
		_, _ = fmt.Fprintf(io.Stdout, "%v. Set GitLab's variables %s and %s (masked, protected) to what the secret holds, then run this again with --finish:\n  aws secretsmanager get-secret-value --secret-id %s --query SecretString --output text\n",
			err, id, secret, named.Secret)
		return nil
	}
	return err
}

func readOutputs(in io.Reader) (outputs, error) {
	var named outputs
	if err := json.NewDecoder(in).Decode(&named); err != nil {
		return named, command.BadUsage("the standard input is not what `pulumi stack output --json` prints: %v", err)
	}
	if named.User == "" || named.PreviewRole == "" {
		return named, errors.New("the stack's outputs lack ciUser or ciPreviewRole: deploy its component iam first (docs/how-to/set-up-gitlab.md)")
	}
	if named.Secret == "" {
		return named, errors.New("the stack's outputs lack ciKeySecret: its jobs sign in with OIDC; where that is impossible, set iam oidc to off in the stack's file and deploy its component iam")
	}
	return named, nil
}

// variables are the names of the CI variables with the key of a stack (ci/identity).
func variables(stack string) (id, secret string) {
	prefix := strings.ToUpper(stack) + "_CI_KEY_"
	return prefix + "ID", prefix + "SECRET"
}

// publisher sets GitLab's variables; nil without a token.
func publisher(stack string, getenv func(string) string) (func(context.Context, Key) error, error) {
	if getenv("GITLAB_TOKEN") == "" {
		return nil, nil
	}
	project, err := gitlab.FromJob(getenv)
	if err != nil {
		return nil, err
	}
	id, secret := variables(stack)
	return func(ctx context.Context, key Key) error {
		// The id last: a job reads the key once the id is set.
		if err := project.SetVariable(ctx, secret, key.Secret); err != nil {
			return err
		}
		return project.SetVariable(ctx, id, key.ID)
	}, nil
}

// assumeRole assumes the role with the key.
func assumeRole(ctx context.Context, account aws.Config, role string, key Key) error {
	account.Credentials = credentials.NewStaticCredentialsProvider(key.ID, key.Secret, "")
	_, err := sts.NewFromConfig(account).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("rotate-key")})
	if err != nil {
		return fmt.Errorf("assume %s: %w", role, err)
	}
	return nil
}
