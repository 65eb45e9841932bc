package secrets_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/didomi/serverless-api/lambda/secrets"
)

type api func(arn string) (string, error)

func (f api) GetSecretValue(_ context.Context, in *secretsmanager.GetSecretValueInput, _ ...func(*secretsmanager.Options)) (*secretsmanager.GetSecretValueOutput, error) {
	value, err := f(aws.ToString(in.SecretId))
	return &secretsmanager.GetSecretValueOutput{SecretString: aws.String(value)}, err
}

// rotating returns a new password at every read.
func rotating(reads *int) *secrets.Cache {
	return secrets.New(func() secrets.API {
		return api(func(string) (string, error) {
			*reads++
			return fmt.Sprintf(`{"username":"app","password":"p%d"}`, *reads), nil
		})
	})
}

func TestSecretsAreReadOnceUntilRejected(t *testing.T) {
	reads := 0
	source := rotating(&reads)
	get := func() secrets.Credentials {
		t.Helper()
		c, err := source.Get(t.Context(), "arn")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := get()
	if get() != first || reads != 1 {
		t.Fatalf("a second Get read again: %d reads", reads)
	}
	source.Invalidate("arn", first)
	second := get()
	if second == first || reads != 2 {
		t.Fatalf("rejected credentials were kept: %v after %d reads", second.Password, reads)
	}
	source.Invalidate("arn", first)
	if get() != second || reads != 2 {
		t.Fatal("a late rejection of the old credentials dropped the new ones")
	}
}

func TestReadErrors(t *testing.T) {
	tests := map[string]struct {
		value string
		err   error
		want  string
	}{
		"a value that is no JSON is not quoted":  {value: "hunter2", want: "must be a JSON object"},
		"a value without a password is an error": {value: `{"username":"app"}`, want: `no "password"`},
		"a secret without a value is reported":   {err: &types.ResourceNotFoundException{}, want: secrets.ErrNoValue.Error()},
		"a denied call has its cause":            {err: errors.New("denied"), want: "denied"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := secrets.New(func() secrets.API {
				return api(func(string) (string, error) { return test.value, test.err })
			})
			_, err := source.Get(t.Context(), "arn:secret")
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "arn:secret") {
				t.Fatalf("got %v, want one with %q and the ARN", err, test.want)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("the error carries the secret: %v", err)
			}
		})
	}
}

func TestCredentialsPrintWithoutThePassword(t *testing.T) {
	for _, verb := range []string{"%v", "%+v", "%s", "%#v"} {
		if printed := fmt.Sprintf(verb, secrets.Credentials{Username: "app", Password: "hunter2"}); strings.Contains(printed, "hunter2") {
			t.Errorf("%s prints %s", verb, printed)
		}
	}
}
