package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// encrypted deploys a function whose environment is encrypted with a key, and returns the key.
func encrypted(t *testing.T, s *testEnv, name string) string {
	t.Helper()
	key := keyARN(t, s)
	_, err := lambda.NewFromConfig(s.config()).CreateFunction(t.Context(), encryptedFunction(t, s, name, key))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encryptedFunction(t *testing.T, s *testEnv, name, key string) *lambda.CreateFunctionInput {
	t.Helper()
	return &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(role(t, s, name+"-role", lambdaTrust)), Handler: aws.String("api"),
		Runtime: types.RuntimeProvidedal2023, Code: &types.FunctionCode{ZipFile: zipOf(t, name)}, KMSKeyArn: &key,
		Environment: &types.Environment{Variables: map[string]string{"BUCKET": "b"}},
	}
}

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
func TestWhoMakesAFunctionWithAKeyMayEncryptWithItAndGrantIt(t *testing.T) {
	s := newTestEnv(t, nil)
	for n, right := range []string{"kms:Encrypt", "kms:CreateGrant"} {
		t.Run(right, func(t *testing.T) {
			name, key := fmt.Sprintf("made-%d", n), keyARN(t, s)
			without := fmt.Sprintf(`{"Effect":"Allow","NotAction":%q,"Resource":"*"}`, right)
			function := encryptedFunction(t, s, name, key)
			_, err := lambda.NewFromConfig(s.assumeRole(t, name+"-without", document(without))).CreateFunction(t.Context(), function)
			mustMiss(t, err, right, key)
			through := fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q,"Condition":{"StringEquals":{"kms:ViaService":"lambda.eu-west-1.amazonaws.com",`+
				`"kms:EncryptionContext:aws:lambda:FunctionArn":"arn:aws:lambda:eu-west-1:000000000000:function:%s"}}}`, right, key, name)
			client := lambda.NewFromConfig(s.assumeRole(t, name+"-with", document(without, through)))
			if _, err := client.CreateFunction(t.Context(), function); err != nil {
				t.Errorf("with the right, through Lambda and for this function: %v", err)
			}
			change := &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Environment: function.Environment}
			_, err = lambda.NewFromConfig(s.assumeRole(t, name+"-changing", document(without))).UpdateFunctionConfiguration(t.Context(), change)
			mustMiss(t, err, right, key)
		})
	}
}

func TestAnEnvironmentIsShownToWhoMayDecryptIt(t *testing.T) {
	s := newTestEnv(t, nil)
	key := encrypted(t, s, "shown")
	reading := `{"Effect":"Allow","Action":"lambda:*","Resource":"*"}`
	decrypting := fmt.Sprintf(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":%q,"Condition":{"StringEquals":{"kms:ViaService":"lambda.eu-west-1.amazonaws.com"}}}`, key)
	for name, c := range map[string]struct {
		statements []string
		shown      bool
	}{
		"who reads functions alone":    {[]string{reading}, false},
		"who decrypts through Lambda":  {[]string{reading, decrypting}, true},
		"who decrypts with other keys": {[]string{reading, strings.ReplaceAll(decrypting, key, keyARN(t, s))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			client := lambda.NewFromConfig(s.assumeRole(t, strings.ReplaceAll(name, " ", "-"), document(c.statements...)))
			configuration, err := client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("shown")})
			if err != nil {
				t.Fatal(err)
			}
			found, err := client.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("shown")})
			if err != nil {
				t.Fatal(err)
			}
			listed, err := client.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("shown")})
			if err != nil || len(listed.Versions) == 0 {
				t.Fatal(listed, err)
			}
			for request, environment := range map[string]*types.EnvironmentResponse{
				"GetFunctionConfiguration": configuration.Environment, "GetFunction": found.Configuration.Environment, "ListVersionsByFunction": listed.Versions[0].Environment,
			} {
				hidden := environment.Error != nil && aws.ToString(environment.Error.ErrorCode) == "AccessDeniedException"
				if (environment.Variables["BUCKET"] == "b") != c.shown || hidden == c.shown {
					t.Errorf("%s: %+v, %+v; want it shown: %v", request, environment.Variables, environment.Error, c.shown)
				}
			}
		})
	}
	t.Run("and the function has it", func(t *testing.T) {
		f, err := s.gateway.Function(t.Context(), "shown", "")
		if err != nil || f.Environment["BUCKET"] != "b" {
			t.Errorf("%v, %v", f.Environment, err)
		}
	})
}

// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
func TestAFunctionWhoseKeyCannotBeUsedIsNotRun(t *testing.T) {
	s := newTestEnv(t, nil)
	keys := kms.NewFromConfig(s.config())
	for name, c := range map[string]struct {
		spoil func(key string) error
		want  string
	}{
		"disabled": {func(key string) error {
			_, err := keys.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: &key})
			return err
		}, "KMSDisabledException"},
		"deleted": {func(key string) error {
			_, err := keys.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &key})
			return err
		}, "KMSInvalidStateException"},
		"not-granted": {func(key string) error {
			granted, err := keys.ListGrants(t.Context(), &kms.ListGrantsInput{KeyId: &key})
			if err != nil {
				return err
			}
			for _, grant := range granted.Grants {
				if _, err := keys.RevokeGrant(t.Context(), &kms.RevokeGrantInput{KeyId: &key, GrantId: grant.GrantId}); err != nil {
					return err
				}
			}
			return nil
		}, "KMSAccessDeniedException"},
	} {
		t.Run(name, func(t *testing.T) {
			key := encrypted(t, s, name)
			if _, err := s.gateway.Function(t.Context(), name, ""); err != nil {
				t.Fatal(err)
			}
			if err := c.spoil(key); err != nil {
				t.Fatal(err)
			}
			_, err := s.gateway.Function(t.Context(), name, "")
			if failure := new(lambdahost.Error); !errors.As(err, &failure) || failure.Type != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
