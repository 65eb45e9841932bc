package e2e

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// checkNoPasswords reads every password that the account keeps, and looks for it where it must not
// be: in the stack's state, even decrypted, and outputs, in any function's environment. What passwords
// the state has let nobody in.
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
	decrypted := printed("stack", "export", "--show-secrets")
	places := map[string]string{
		"the state": printed("stack", "export"), "the decrypted state": decrypted,
		"the outputs": printed("stack", "output", "--json"), "a function's environment": environments(t, out),
	}
	for arn, password := range passwords {
		for place, text := range places {
			if strings.Contains(text, password) {
				t.Errorf("%s shows the password that is kept in %s", place, arn)
			}
		}
	}
	if !strings.Contains(places["the state"], env["DB_SECRET_ARN"]) {
		t.Error("what was searched is not the state: it does not name the secret")
	}
	for user, password := range cachePasswords(t, decrypted) {
		if strings.Contains(places["the state"], password) {
			t.Errorf("the state has the password with which %s was made in plain", user)
		}
		err := connectCache(t, out, user, password).Get(context.Background(), "item:1:{1}").Err()
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("with the password that the state has %s logs in to the cache: %v", user, err)
		}
	}
}

// cachePasswords are those with which the cache's users were made, by the name that they log in as.
func cachePasswords(t *testing.T, decrypted string) map[string]string {
	t.Helper()
	var state struct {
		Deployment struct {
			Resources []struct {
				Type   string
				Inputs struct {
					UserName  string
					Passwords struct{ Plaintext string }
				}
			}
		}
	}
	if err := json.Unmarshal([]byte(decrypted), &state); err != nil {
		t.Fatalf("the decrypted state: %v", err)
	}
	passwords := map[string]string{}
	for _, r := range state.Deployment.Resources {
		if r.Type != "aws:elasticache/user:User" {
			continue
		}
		var list []string
		if err := json.Unmarshal([]byte(r.Inputs.Passwords.Plaintext), &list); err != nil || len(list) != 1 {
			t.Fatalf("%s has no password in the state, decrypted: %v", r.Inputs.UserName, err)
		}
		passwords[r.Inputs.UserName] = list[0]
	}
	if len(passwords) != 2 {
		t.Fatalf("%d users of the cache are in the state, want two", len(passwords))
	}
	return passwords
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
