package gateway

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func zipOf(t *testing.T, content string) []byte {
	t.Helper()
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	file, err := archive.Create("bootstrap")
	if err == nil {
		_, err = file.Write([]byte(content))
	}
	if err = errors.Join(err, archive.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func role(t *testing.T, s *testEnv, name, trust string) string {
	t.Helper()
	created, err := iam.NewFromConfig(s.config()).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	return *created.Role.Arn
}

// function deploys a function with the content as its bootstrap.
func function(t *testing.T, s *testEnv, name, content string) *lambda.Client {
	t.Helper()
	client := lambda.NewFromConfig(s.config())
	_, err := client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(role(t, s, name+"-role", lambdaTrust)), Handler: aws.String("api"),
		Runtime: types.RuntimeProvidedal2023, Code: &types.FunctionCode{ZipFile: zipOf(t, content)},
		Architectures: []types.Architecture{types.ArchitectureArm64}, MemorySize: aws.Int32(256), Timeout: aws.Int32(7),
		Environment: &types.Environment{Variables: map[string]string{"BUCKET": "b"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func errorCode(err error) string {
	var failure smithy.APIError
	if errors.As(err, &failure) {
		return failure.ErrorCode()
	}
	return ""
}

func TestInvokeRunsTheFunctionInTheFunctionHost(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "invoked", "v1")
	t.Run("returns the payload, the version and the log", func(t *testing.T) {
		response, err := client.Invoke(t.Context(), &lambda.InvokeInput{
			FunctionName: aws.String("invoked"), Payload: []byte(`{"a":1}`), LogType: types.LogTypeTail,
			InvocationType: types.InvocationTypeRequestResponse,
		})
		if err != nil {
			t.Fatal(err)
		}
		log, _ := base64.StdEncoding.DecodeString(aws.ToString(response.LogResult))
		if string(response.Payload) != `{"a":1}` || aws.ToString(response.ExecutedVersion) != "7" || string(log) != "the log" || response.FunctionError != nil {
			t.Errorf("got %s, version %s, log %q, error %v", response.Payload, aws.ToString(response.ExecutedVersion), log, response.FunctionError)
		}
	})
	t.Run("returns a function error", func(t *testing.T) {
		response, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("invoked"), Payload: []byte(`"fail"`)})
		if err != nil || aws.ToString(response.FunctionError) != "Unhandled" || !strings.Contains(string(response.Payload), "Boom") {
			t.Errorf("got %+v, %v", response, err)
		}
	})
	t.Run("returns a throttling error", func(t *testing.T) {
		_, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("invoked"), Payload: []byte(`"throttle"`)})
		var throttled *types.TooManyRequestsException
		if !errors.As(err, &throttled) || throttled.Reason != types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded {
			t.Errorf("got %v", err)
		}
	})
	t.Run("runs an event asynchronously", func(t *testing.T) {
		before := len(s.invoker.requests())
		response, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("invoked"), InvocationType: types.InvocationTypeEvent, Payload: []byte(`{}`)})
		if err != nil || response.StatusCode != http.StatusAccepted {
			t.Fatalf("got %+v, %v", response, err)
		}
		for deadline := time.Now().Add(20 * time.Second); len(s.invoker.requests()) == before; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal("the event was not run")
			}
		}
	})
	t.Run("does not run a dry run", func(t *testing.T) {
		before := len(s.invoker.requests())
		response, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("invoked"), InvocationType: types.InvocationTypeDryRun})
		if err != nil || response.StatusCode != http.StatusNoContent || len(s.invoker.requests()) != before {
			t.Errorf("got %+v, %v, %d invocations more", response, err, len(s.invoker.requests())-before)
		}
	})
	t.Run("does not run a function that does not exist", func(t *testing.T) {
		before := len(s.invoker.requests())
		_, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("nobody")})
		if errorCode(err) != "ResourceNotFoundException" || len(s.invoker.requests()) != before {
			t.Errorf("got %v, %d invocations more", err, len(s.invoker.requests())-before)
		}
	})
}

func TestInvokeIsAuthorizedByTheEmulator(t *testing.T) {
	s := newTestEnv(t, nil)
	function(t, s, "guarded", "v1")
	function(t, s, "open", "v1")
	id, secret := user(t, s, "invoker", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"lambda:InvokeFunction","Resource":"arn:aws:lambda:*:*:function:open"}]}`)
	for _, test := range []struct{ name, id, secret, function, want string }{
		{"a caller with permission may invoke", id, secret, "open", ""},
		{"a caller without permission may not", id, secret, "guarded", "AccessDeniedException"},
		{"a caller with a wrong secret may not", id, "wrong", "open", "InvalidSignatureException"},
		{"an unknown caller may not", "AKIAUNKNOWNUNKNOWNXX", secret, "open", "UnrecognizedClientException"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := len(s.invoker.requests())
			client := lambda.NewFromConfig(s.configOf(test.id, test.secret, ""))
			_, err := client.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &test.function, InvocationType: types.InvocationTypeRequestResponse})
			ran := len(s.invoker.requests()) > before
			if errorCode(err) != test.want || ran != (test.want == "") {
				t.Errorf("got %v, ran %v, want %q", err, ran, test.want)
			}
		})
	}
}

// user creates an IAM user with a policy and returns its access key.
func user(t *testing.T, s *testEnv, name, policy string) (id, secret string) {
	t.Helper()
	client := iam.NewFromConfig(s.config())
	_, err := client.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name})
	if err == nil {
		_, err = client.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	}
	if err != nil {
		t.Fatal(err)
	}
	key, err := client.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})
	if err != nil {
		t.Fatal(err)
	}
	return *key.AccessKey.AccessKeyId, *key.AccessKey.SecretAccessKey
}

func TestInvokeWithResponseStream(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "streamed", "v1")
	for _, test := range []struct{ name, payload, want, code string }{
		{"sends the chunks that the function writes", `{}`, "one two three", ""},
		{"ends with the function's error", `"fail"`, "one two three", "Boom"},
		{"sends only the error of a function that fails before its response", `"fail at once"`, "", "Boom"},
	} {
		t.Run(test.name, func(t *testing.T) {
			response, err := client.InvokeWithResponseStream(t.Context(), &lambda.InvokeWithResponseStreamInput{
				FunctionName: aws.String("streamed"), Payload: []byte(test.payload),
			})
			if err != nil {
				t.Fatal(err)
			}
			stream := response.GetStream()
			defer func() { _ = stream.Close() }()
			var got string
			var end *types.InvokeWithResponseStreamCompleteEvent
			for event := range stream.Events() {
				switch e := event.(type) {
				case *types.InvokeWithResponseStreamResponseEventMemberPayloadChunk:
					got += string(e.Value.Payload)
				case *types.InvokeWithResponseStreamResponseEventMemberInvokeComplete:
					end = &e.Value
				}
			}
			if stream.Err() != nil || end == nil || got != test.want || aws.ToString(end.ErrorCode) != test.code {
				t.Errorf("got %q, end %+v, %v", got, end, stream.Err())
			}
		})
	}
}

func TestVersionsHaveTheirCodeAndConfiguration(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "versioned", "v1")
	name := aws.String("versioned")
	publish := func() string {
		t.Helper()
		version, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: name})
		if err != nil {
			t.Fatal(err)
		}
		return *version.Version
	}
	one := publish()
	if _, err := client.UpdateFunctionCode(t.Context(), &lambda.UpdateFunctionCodeInput{FunctionName: name, ZipFile: zipOf(t, "v2")}); err != nil {
		t.Fatal(err)
	}
	_, err := client.UpdateFunctionConfiguration(t.Context(), &lambda.UpdateFunctionConfigurationInput{FunctionName: name, MemorySize: aws.Int32(512)})
	if err != nil {
		t.Fatal(err)
	}
	two := publish()
	if _, err := client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: &one}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name, qualifier, version, content string
		memory                            int
	}{
		{"the first version", one, one, "v1", 256},
		{"the second version", two, two, "v2", 512},
		{"an alias", "live", one, "v1", 256},
		{"the latest version", "", "$LATEST", "v2", 512},
	} {
		t.Run(test.name+" through the Lambda API", func(t *testing.T) {
			input := &lambda.GetFunctionInput{FunctionName: name}
			if test.qualifier != "" {
				input.Qualifier = &test.qualifier
			}
			response, err := client.GetFunction(t.Context(), input)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(*response.Code.Location, s.server.URL) || int(*response.Configuration.MemorySize) != test.memory {
				t.Errorf("location %s, memory %d", *response.Code.Location, *response.Configuration.MemorySize)
			}
			code, err := http.Get(*response.Code.Location)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = code.Body.Close() }()
			content, _ := io.ReadAll(code.Body)
			if !bytes.Equal(content, zipOf(t, test.content)) {
				t.Errorf("the location has %d bytes, not the zip file of %s", len(content), test.content)
			}
		})
		t.Run(test.name+" in the function host", func(t *testing.T) {
			f, err := s.gateway.Function(t.Context(), "versioned", test.qualifier)
			if err != nil {
				t.Fatal(err)
			}
			if f.Version != test.version || f.MemoryMB != test.memory || f.Handler != "api" || f.Timeout != 7*time.Second ||
				f.Environment["BUCKET"] != "b" || f.Architecture != "arm64" || f.LogGroup != "/aws/lambda/versioned" {
				t.Errorf("got %+v", f)
			}
			code, err := s.gateway.Code(t.Context(), f)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = code.Close() }()
			content, _ := io.ReadAll(code)
			if !bytes.Equal(content, zipOf(t, test.content)) {
				t.Errorf("the code is not the zip file of %s", test.content)
			}
		})
	}
}

func TestAFunctionIsFoundByNameOrARN(t *testing.T) {
	s := newTestEnv(t, nil)
	function(t, s, "named", "v1")
	arn := "arn:aws:lambda:eu-west-1:000000000000:function:named"
	for _, test := range []struct{ name, function, qualifier, want string }{
		{"by its name", "named", "", arn},
		{"by its ARN", arn, "", arn},
		{"by a qualified ARN", arn + ":$LATEST", "", arn + ":$LATEST"},
		{"by a qualified name", "named:$LATEST", "", arn + ":$LATEST"},
		{"with a qualifier", "named", "$LATEST", arn + ":$LATEST"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f, err := s.gateway.Function(t.Context(), test.function, test.qualifier)
			if err != nil || f.ARN != test.want || f.Name != "named" {
				t.Errorf("got %+v, %v", f, err)
			}
		})
	}
	t.Run("a function that does not exist is ErrNotFound", func(t *testing.T) {
		_, err := s.gateway.Function(t.Context(), "nobody", "")
		if !errors.Is(err, lambdahost.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAFunctionHasItsRolesCredentials(t *testing.T) {
	s := newTestEnv(t, nil)
	arn := role(t, s, "trusting", lambdaTrust)
	t.Run("if the role trusts Lambda", func(t *testing.T) {
		c, err := s.gateway.Credentials(t.Context(), lambdahost.Function{Name: "f", RoleARN: arn})
		if err != nil {
			t.Fatal(err)
		}
		client := sts.NewFromConfig(s.configOf(c.AccessKeyID, c.SecretAccessKey, c.SessionToken))
		caller, err := client.GetCallerIdentity(context.Background(), &sts.GetCallerIdentityInput{})
		if err != nil || !strings.Contains(*caller.Arn, ":assumed-role/trusting/f") || time.Until(c.Expires) < 30*time.Minute {
			t.Errorf("got %+v, expires %v, %v", caller, c.Expires, err)
		}
	})
	for name, trust := range map[string]string{
		"it trusts another service": strings.ReplaceAll(lambdaTrust, "lambda.", "ec2."),
		"it trusts the account":     strings.ReplaceAll(lambdaTrust, `"Service":"lambda.amazonaws.com"`, `"AWS":"arn:aws:iam::000000000000:root"`),
	} {
		t.Run("but not if "+name, func(t *testing.T) {
			arn := role(t, s, "other-"+strings.ReplaceAll(name, " ", "-"), trust)
			if _, err := s.gateway.Credentials(t.Context(), lambdahost.Function{Name: "f", RoleARN: arn}); err == nil {
				t.Error("got credentials, want an error")
			}
		})
	}
}

func TestAFunctionPolicyHasItsPermissions(t *testing.T) {
	s := newTestEnv(t, nil)
	client := function(t, s, "permitted", "v1")
	arn := "arn:aws:lambda:eu-west-1:000000000000:function:permitted"
	if _, err := s.gateway.FunctionPolicy(t.Context(), arn+":live"); err == nil {
		t.Error("got a policy before the first permission")
	}
	_, err := client.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("permitted"), Name: aws.String("live"), FunctionVersion: aws.String("$LATEST")})
	if err == nil {
		_, err = client.AddPermission(t.Context(), &lambda.AddPermissionInput{
			FunctionName: aws.String("permitted"), Qualifier: aws.String("live"), StatementId: aws.String("api"),
			Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	policy, err := s.gateway.FunctionPolicy(t.Context(), arn+":live")
	if err != nil || !json.Valid([]byte(policy)) || !strings.Contains(policy, arn+":live") {
		t.Errorf("got %s, %v", policy, err)
	}
}
