package main

import (
	"fmt"
	"strings"

	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/bucket"
	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/kms"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Token is the component's type in a project.
func Token(project string) string { return token(project, "State") }

// token is a type of this program.
func token(project, name string) string { return stacksProject(project) + ":bootstrap:" + name }

// stacksProject is the project of the stacks that this program is for. The program's own is
// <project>-bootstrap.
func stacksProject(project string) string { return strings.TrimSuffix(project, "-bootstrap") }

// keyDeletionDays is the longest waiting period of KMS before it deletes a key, and with it every secret of
// every stack.
const keyDeletionDays = 30

// Config configures the state.
type Config struct {
	// Protect keeps bucket and key from being deleted or replaced.
	Protect bool `json:"protect"`
	// NoncurrentDays is how long an earlier version of a state is kept, in days.
	NoncurrentDays int `json:"noncurrentDays"`
}

// Default keeps everything for a year: the loss of a state is often noticed late.
func Default() Config { return Config{Protect: true, NoncurrentDays: 365} }

// Validate lists the values that are out of range.
func (c Config) Validate() []config.FieldError {
	return config.Between("noncurrentDays", c.NoncurrentDays, 1, 3650)
}

// Args are the component's inputs.
type Args struct {
	Config Config
	// Region is where bucket and key are; the outputs' URLs contain it.
	Region string
}

// State is where the stacks keep their state, with the outputs that the Pulumi CLI needs.
type State struct {
	pulumi.ResourceState

	BucketName pulumi.StringOutput `pulumi:"bucketName"`
	KeyARN     pulumi.StringOutput `pulumi:"keyArn"`
	// BackendURL is for `pulumi login`.
	BackendURL pulumi.StringOutput `pulumi:"backendUrl"`
	// SecretsProvider is for `pulumi stack init --secrets-provider`.
	SecretsProvider pulumi.StringOutput `pulumi:"secretsProvider"`
}

// New creates bucket and key. One key encrypts both states and secrets: running Pulumi on a stack needs both,
// and the path in the bucket separates the stacks.
func New(ctx *pulumi.Context, name string, args Args, opts ...pulumi.ResourceOption) (*State, error) {
	if err := config.Check("state", args.Config); err != nil {
		return nil, err
	}
	s := &State{}
	if err := ctx.RegisterComponentResource(Token(ctx.Project()), name, s, opts...); err != nil {
		return nil, fmt.Errorf("register the state: %w", err)
	}
	key, alias, err := s.key(ctx, name, args.Config)
	if err != nil {
		return nil, err
	}
	states, err := bucket.New(ctx, name, bucket.Args{
		KeyARN: key.Arn, NoncurrentDays: args.Config.NoncurrentDays, Protect: args.Config.Protect,
	}, s)
	if err != nil {
		return nil, err
	}
	s.BucketName, s.KeyARN = states.Bucket, key.Arn
	s.BackendURL = pulumi.Sprintf("s3://%s?region=%s", states.Bucket, args.Region)
	s.SecretsProvider = pulumi.Sprintf("awskms://%s?region=%s", alias.Name, args.Region)
	return s, ctx.RegisterResourceOutputs(s, pulumi.Map{
		"bucketName": s.BucketName, "keyArn": s.KeyARN, "backendUrl": s.BackendURL, "secretsProvider": s.SecretsProvider,
	})
}

// key registers the key, rotated yearly, and its alias, whose name is fixed because stack files contain it.
func (s *State) key(ctx *pulumi.Context, name string, c Config) (*kms.Key, *kms.Alias, error) {
	location, err := account.Locate(ctx, s)
	if err != nil {
		return nil, nil, err
	}
	key, err := kms.NewKey(ctx, name, &kms.KeyArgs{
		Description:          pulumi.String("Pulumi state, and the secrets in it"),
		EnableKeyRotation:    pulumi.Bool(true),
		DeletionWindowInDays: pulumi.Int(keyDeletionDays),
		Policy:               policy.Document(policy.KeyOwner(location.GlobalARN("iam", "root"))),
	}, pulumi.Parent(s), pulumi.Protect(c.Protect))
	if err != nil {
		return nil, nil, fmt.Errorf("register the key: %w", err)
	}
	alias, err := kms.NewAlias(ctx, name, &kms.AliasArgs{
		Name: pulumi.String("alias/" + name), TargetKeyId: key.KeyId,
	}, pulumi.Parent(s))
	if err != nil {
		return nil, nil, fmt.Errorf("register the key's alias: %w", err)
	}
	return key, alias, nil
}
