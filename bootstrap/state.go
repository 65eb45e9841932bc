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

// stacksProject is the project of the stacks that this program is for: its own is named after it.
func stacksProject(project string) string { return strings.TrimSuffix(project, "-bootstrap") }

// keyDeletionDays is the longest wait that KMS has before a deleted key is gone, and with it every
// secret of every stack.
const keyDeletionDays = 30

// Config is what can be chosen about the state.
type Config struct {
	// Protect refuses to delete or replace bucket and key.
	Protect bool `json:"protect"`
	// NoncurrentDays is how long an earlier version of a state is kept, in days.
	NoncurrentDays int `json:"noncurrentDays"`
}

// Default keeps everything for a year: a state that was lost is often missed late.
func Default() Config { return Config{Protect: true, NoncurrentDays: 365} }

// Validate lists the values that are out of range.
func (c Config) Validate() []config.FieldError {
	return config.Between("noncurrentDays", c.NoncurrentDays, 1, 3650)
}

// Args are what the component needs.
type Args struct {
	Config Config
	// Region is where bucket and key are, for the addresses that name them.
	Region string
}

// State is where the stacks keep their state, and how the Pulumi CLI is told.
type State struct {
	pulumi.ResourceState

	BucketName pulumi.StringOutput `pulumi:"bucketName"`
	KeyARN     pulumi.StringOutput `pulumi:"keyArn"`
	// BackendURL is for `pulumi login`.
	BackendURL pulumi.StringOutput `pulumi:"backendUrl"`
	// SecretsProvider is for `pulumi stack init --secrets-provider`.
	SecretsProvider pulumi.StringOutput `pulumi:"secretsProvider"`
}

// New makes bucket and key. One key does for both: whoever runs Pulumi on a stack needs its state
// and its secrets, and what keeps stacks apart is the path in the bucket.
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

// key registers the key, rotated yearly, and its alias, whose name is fixed because stack files
// hold it.
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
