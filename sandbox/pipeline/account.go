package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/didomi/serverless-api/sandbox/gateway"
	"github.com/didomi/serverless-api/sandbox/gateway/admit"
)

// administrator is the AWS settings of the emulated account's administrator.
func (s *session) administrator() aws.Config {
	return s.runner.administrator()
}

func (s *session) s3() *s3.Client {
	return s3.NewFromConfig(s.administrator(), func(o *s3.Options) { o.UsePathStyle = true })
}

// outputs is what `pulumi stack output --json` prints of a stack, secrets left out.
func (s *session) outputs(ctx context.Context, stack string) ([]byte, error) {
	var out bytes.Buffer
	if err := s.stacks[stack].Run(ctx, &out, nil, "stack", "output", "--json", "--stack", stack, "--non-interactive"); err != nil {
		return nil, fmt.Errorf("read the outputs of stack %s: %w\n%s", stack, err, out.String())
	}
	return out.Bytes(), nil
}

// output returns one of a stack's outputs, a string.
func (s *session) output(ctx context.Context, stack, name string) (string, error) {
	text, err := s.outputs(ctx, stack)
	if err != nil {
		return "", err
	}
	var all map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		return "", fmt.Errorf("read the outputs of stack %s: %w", stack, err)
	}
	value, ok := all[name].(string)
	if !ok || value == "" {
		return "", fmt.Errorf("stack %s has no output %s", stack, name)
	}
	return value, nil
}

// serving returns the version to which the alias of a stack's function sends all requests.
func (s *session) serving(ctx context.Context, stack string) (string, error) {
	function, err := s.output(ctx, stack, "functionName")
	if err != nil {
		return "", err
	}
	alias, err := lambda.NewFromConfig(s.administrator()).GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: aws.String("live")})
	if err != nil {
		return "", fmt.Errorf("which version of %s serves: %w", function, err)
	}
	if alias.RoutingConfig != nil && len(alias.RoutingConfig.AdditionalVersionWeights) > 0 {
		return "", fmt.Errorf("version %s of %s shares the requests with %v", *alias.FunctionVersion, function, alias.RoutingConfig.AdditionalVersionWeights)
	}
	return *alias.FunctionVersion, nil
}

// setVersioning sets the versioning of a bucket without Pulumi.
func (s *session) setVersioning(ctx context.Context, bucket string, status s3types.BucketVersioningStatus) error {
	_, err := s.s3().PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &s3types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		return fmt.Errorf("set the versioning of bucket %s: %w", bucket, err)
	}
	return nil
}

// versioned checks that a bucket keeps versions.
func (s *session) versioned(ctx context.Context, bucket string) error {
	found, err := s.s3().GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil {
		return fmt.Errorf("read the versioning of bucket %s: %w", bucket, err)
	}
	if found.Status != s3types.BucketVersioningStatusEnabled {
		return fmt.Errorf("the versioning of bucket %s is %q, must be Enabled", bucket, found.Status)
	}
	return nil
}

// rejectOnce has AWS reject the next change of a function's configuration, as it does when the environment is too large.
func (s *session) rejectOnce(ctx context.Context, message string) error {
	body, err := json.Marshal(gateway.InjectedError{
		Service: "lambda", Method: http.MethodPut, Path: "/2015-03-31/functions/*/configuration",
		Status: http.StatusBadRequest, Code: "InvalidParameterValueException", Message: message,
	})
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.runner.Report.Endpoint+gateway.InjectErrorPath, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set(admit.SandboxHeader, "pipeline")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("have a call rejected: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusNoContent {
		return fmt.Errorf("have a call rejected: the gateway returned %s", response.Status)
	}
	return nil
}

// described checks the description of the stack's function.
func (s *session) described(ctx context.Context, stack, want string) error {
	function, err := s.output(ctx, stack, "functionName")
	if err != nil {
		return err
	}
	found, err := lambda.NewFromConfig(s.administrator()).GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &function})
	if err != nil {
		return fmt.Errorf("read function %s: %w", function, err)
	}
	if got := aws.ToString(found.Description); got != want {
		return fmt.Errorf("function %s has the description %q, want %q", function, got, want)
	}
	return nil
}

// keys are the ids of a user's access keys.
func (s *session) keys(ctx context.Context, user string) ([]string, error) {
	listed, err := iam.NewFromConfig(s.administrator()).ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: &user})
	if err != nil {
		return nil, fmt.Errorf("list the keys of user %s: %w", user, err)
	}
	var ids []string
	for _, k := range listed.AccessKeyMetadata {
		ids = append(ids, *k.AccessKeyId)
	}
	return ids, nil
}

// lock is the content of a stack's lock that Pulumi writes.
type lock struct {
	PID int `json:"pid"`
}

func (s *session) lockDirectory(stack string) string {
	return ".pulumi/locks/organization/" + s.stacks[stack].Project + "/" + stack + "/"
}

// dataComponent is the name of a stack's component data, which begins those of its resources.
func (s *session) dataComponent(stack string) string {
	return s.stacks[stack].Project + "-" + stack + "-data"
}

// locks returns the locks of a stack.
func (s *session) locks(ctx context.Context, stack string) ([]lock, error) {
	bucket, client := aws.String(s.runner.Base.StateBucket), s.s3()
	listed, err := client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String(s.lockDirectory(stack))})
	if err != nil {
		return nil, fmt.Errorf("list the locks of stack %s: %w", stack, err)
	}
	var all []lock
	for _, object := range listed.Contents {
		got, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: object.Key})
		if err != nil {
			return nil, fmt.Errorf("read the lock of stack %s: %w", stack, err)
		}
		text, err := io.ReadAll(got.Body)
		_ = got.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("read the lock of stack %s: %w", stack, err)
		}
		var l lock
		if err := json.Unmarshal(text, &l); err != nil {
			return nil, fmt.Errorf("read the lock of stack %s: %w", stack, err)
		}
		all = append(all, l)
	}
	return all, nil
}

// hold locks a stack as an update on another machine does.
func (s *session) hold(ctx context.Context, stack string) (release func() error, err error) {
	bucket, client := aws.String(s.runner.Base.StateBucket), s.s3()
	key := aws.String(s.lockDirectory(stack) + "0b0e5e6f-0000-4000-8000-000000000000.json")
	_, err = client.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader(
		`{"pid":1,"username":"operator","hostname":"laptop","timestamp":"2026-01-02T03:04:05Z"}`)})
	if err != nil {
		return nil, fmt.Errorf("lock stack %s: %w", stack, err)
	}
	return func() error {
		_, err := client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: bucket, Key: key})
		return err
	}, nil
}
