package e2e

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// checkNoPasswords reads every password that the account keeps, and looks for it where it must not
// be: in the stack's state and outputs, in any function's environment. The state knows the cache's
// first password, encrypted; the others it does not know even decrypted.
func checkNoPasswords(t *testing.T, out outputs) {
	t.Helper()
	passwords := storedPasswords(t, out)
	env := functionEnvironment(t, out)
	for _, arn := range []string{env["DB_SECRET_ARN"], env["REDIS_SECRET_ARN"]} {
		if passwords[arn] == "" {
			t.Fatalf("no password is kept in %s", arn)
		}
	}
	printed := func(args ...string) string {
		text, stderr, code := pulumi(t, out, repository(t), append(args, "--stack", out.Stack)...)
		if code != 0 {
			t.Fatal(stderr)
		}
		return text
	}
	state, decrypted := printed("stack", "export"), printed("stack", "export", "--show-secrets")
	places := map[string]string{
		"the state": state, "the outputs": printed("stack", "output", "--json"), "a function's environment": environments(t, out),
	}
	for arn, password := range passwords {
		for place, text := range places {
			if strings.Contains(text, password) {
				t.Errorf("%s shows the password that is kept in %s", place, arn)
			}
		}
		if arn != env["REDIS_SECRET_ARN"] && strings.Contains(decrypted, password) {
			t.Errorf("the decrypted state knows the password that is kept in %s", arn)
		}
	}
	if !strings.Contains(state, env["DB_SECRET_ARN"]) || !strings.Contains(decrypted, passwords[env["REDIS_SECRET_ARN"]]) {
		t.Error("what was searched is not the state: it does not name the secret, or hold the cache's password decrypted")
	}
}

// storedPasswords are those of all secrets of the account, by ARN: the application's, the cache's and
// the master's, of every stack.
func storedPasswords(t *testing.T, out outputs) map[string]string {
	t.Helper()
	list, err := secretsmanager.NewFromConfig(awsConfig(out)).ListSecrets(context.Background(), &secretsmanager.ListSecretsInput{})
	if err != nil {
		t.Fatal(err)
	}
	passwords, masters := map[string]string{}, 0
	for _, secret := range list.SecretList {
		if _, passwords[*secret.ARN] = login(t, out, *secret.ARN); passwords[*secret.ARN] == "" {
			t.Fatalf("%s holds no password", *secret.ARN)
		}
		if strings.Contains(*secret.Name, "rds!") {
			masters++
		}
	}
	if masters == 0 {
		t.Fatalf("none of %d secrets is a master user's", len(passwords))
	}
	return passwords
}

// environments are the variables of every function of the account.
func environments(t *testing.T, out outputs) string {
	t.Helper()
	list, err := lambda.NewFromConfig(awsConfig(out)).ListFunctions(context.Background(), &lambda.ListFunctionsInput{})
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, f := range list.Functions {
		if f.Environment == nil {
			continue
		}
		for name, value := range f.Environment.Variables {
			all.WriteString(aws.ToString(f.FunctionName) + " " + name + "=" + value + "\n")
		}
	}
	return all.String()
}
