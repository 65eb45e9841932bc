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

// newEncryptedFunction creates a function whose environment is encrypted with a key, and returns the key's ARN.
func newEncryptedFunction(t *testing.T, s *testEnv, name string) string {
	t.Helper()
	key := keyARN(t, s)
	_, err := lambda.NewFromConfig(s.config()).CreateFunction(t.Context(), encryptedFunctionInput(t, s, name, key))
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func encryptedFunctionInput(t *testing.T, s *testEnv, name, key string) *lambda.CreateFunctionInput {
	t.Helper()
	return &lambda.CreateFunctionInput{
		FunctionName: &name, Role: aws.String(role(t, s, name+"-role", lambdaTrust)), Handler: aws.String("api"),
		Runtime: types.RuntimeProvidedal2023, Code: &types.FunctionCode{ZipFile: zipOf(t, name)}, KMSKeyArn: &key,
		Environment: &types.Environment{Variables: map[string]string{"BUCKET": "b"}},
	}
}

// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars-encryption.html
func TestCreatingAFunctionWithAKeyRequiresEncryptAndCreateGrant(t *testing.T) {
	s := newTestEnv(t, nil)
	for n, permission := range []string{"kms:Encrypt", "kms:CreateGrant"} {
		t.Run(permission, func(t *testing.T) {
			name, key := fmt.Sprintf("created-%d", n), keyARN(t, s)
			without := fmt.Sprintf(`{"Effect":"Allow","NotAction":%q,"Resource":"*"}`, permission)
			function := encryptedFunctionInput(t, s, name, key)
			_, err := lambda.NewFromConfig(s.assumeRole(t, name+"-without", document(without))).CreateFunction(t.Context(), function)
			mustBeDenied(t, err, permission, key)
			viaLambda := fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q,"Condition":{"StringEquals":{"kms:ViaService":"lambda.eu-west-1.amazonaws.com",`+
				`"kms:EncryptionContext:aws:lambda:FunctionArn":"arn:aws:lambda:eu-west-1:000000000000:function:%s"}}}`, permission, key, name)
			client := lambda.NewFromConfig(s.assumeRole(t, name+"-with", document(without, viaLambda)))
			if _, err := client.CreateFunction(t.Context(), function); err != nil {
				t.Errorf("with the permission, through Lambda and for this function: %v", err)
			}
			change := &lambda.UpdateFunctionConfigurationInput{FunctionName: &name, Environment: function.Environment}
			_, err = lambda.NewFromConfig(s.assumeRole(t, name+"-changing", document(without))).UpdateFunctionConfiguration(t.Context(), change)
			mustBeDenied(t, err, permission, key)
		})
	}
}

func TestAnEnvironmentIsReturnedToCallersWhoMayDecryptIt(t *testing.T) {
	s := newTestEnv(t, nil)
	key := newEncryptedFunction(t, s, "readable")
	reading := `{"Effect":"Allow","Action":"lambda:*","Resource":"*"}`
	decrypting := fmt.Sprintf(`{"Effect":"Allow","Action":"kms:Decrypt","Resource":%q,"Condition":{"StringEquals":{"kms:ViaService":"lambda.eu-west-1.amazonaws.com"}}}`, key)
	for name, c := range map[string]struct {
		statements []string
		readable   bool
	}{
		"a caller without the permission to decrypt": {[]string{reading}, false},
		"a caller who may decrypt through Lambda":    {[]string{reading, decrypting}, true},
		"a caller who may decrypt with another key":  {[]string{reading, strings.ReplaceAll(decrypting, key, keyARN(t, s))}, false},
	} {
		t.Run(name, func(t *testing.T) {
			client := lambda.NewFromConfig(s.assumeRole(t, strings.ReplaceAll(name, " ", "-"), document(c.statements...)))
			configuration, err := client.GetFunctionConfiguration(t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: aws.String("readable")})
			if err != nil {
				t.Fatal(err)
			}
			found, err := client.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("readable")})
			if err != nil {
				t.Fatal(err)
			}
			listed, err := client.ListVersionsByFunction(t.Context(), &lambda.ListVersionsByFunctionInput{FunctionName: aws.String("readable")})
			if err != nil || len(listed.Versions) == 0 {
				t.Fatal(listed, err)
			}
			for request, environment := range map[string]*types.EnvironmentResponse{
				"GetFunctionConfiguration": configuration.Environment, "GetFunction": found.Configuration.Environment, "ListVersionsByFunction": listed.Versions[0].Environment,
			} {
				hidden := environment.Error != nil && aws.ToString(environment.Error.ErrorCode) == "AccessDeniedException"
				if (environment.Variables["BUCKET"] == "b") != c.readable || hidden == c.readable {
					t.Errorf("%s: %+v, %+v; want the variables: %v", request, environment.Variables, environment.Error, c.readable)
				}
			}
		})
	}
	t.Run("the function host has the environment", func(t *testing.T) {
		f, err := s.gateway.Function(t.Context(), "readable", "")
		if err != nil || f.Environment["BUCKET"] != "b" {
			t.Errorf("%v, %v", f.Environment, err)
		}
	})
}

// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
func TestAFunctionWithAnUnusableKeyIsNotInvoked(t *testing.T) {
	s := newTestEnv(t, nil)
	keys := kms.NewFromConfig(s.config())
	for name, c := range map[string]struct {
		disable func(key string) error
		want    string
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
			key := newEncryptedFunction(t, s, name)
			if _, err := s.gateway.Function(t.Context(), name, ""); err != nil {
				t.Fatal(err)
			}
			if err := c.disable(key); err != nil {
				t.Fatal(err)
			}
			_, err := s.gateway.Function(t.Context(), name, "")
			if failure := new(lambdahost.Error); !errors.As(err, &failure) || failure.Type != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
