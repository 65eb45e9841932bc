package e2e

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/didomi/serverless-api/sandbox/secretscan"
)

// checkNoSecrets searches for all secret values of the account where they must not be: in the stack's state and
// outputs, a preview, an update plan, the functions' environments, and the logs of the sandbox and the CLI. The
// decrypted state contains no password either.
func checkNoSecrets(t *testing.T, out outputs) {
	t.Helper()
	t.Setenv("PULUMI_EXPERIMENTAL", "true") // for --save-plan
	values := accountSecrets(t, out)
	printed := func(args ...string) string {
		text, stderr, code := pulumi(t, out, repository(t), append(args, "--stack", out.Stack)...)
		if code != 0 {
			t.Fatal(stderr)
		}
		return text
	}
	plan := filepath.Join(t.TempDir(), "plan.json")
	decrypted := printed("stack", "export", "--show-secrets")
	places := map[string]string{
		"the state": printed("stack", "export"), "the outputs": printed("stack", "output", "--json"),
		"a function's environment": environments(t, out),
		"a preview":                printed("preview", "--json", "--show-sames", "--config-file", out.ConfigFile, "--save-plan", plan),
	}
	saved, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	places["the plan"] = string(saved)
	for place, text := range places {
		for _, what := range values.In([]byte(text)) {
			t.Errorf("%s shows %s", place, what)
		}
	}
	for _, what := range values.In([]byte(decrypted)) {
		if !strings.HasPrefix(what, "the API key") {
			t.Errorf("the decrypted state shows %s", what)
		}
	}
	logged, err := values.Under(filepath.Join(repository(t), ".sandbox", "run"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range logged {
		t.Error(file)
	}
	if arn := functionEnvironment(t, out)["DB_SECRET_ARN"]; !strings.Contains(places["the state"], arn) || !strings.Contains(places["a preview"], arn) {
		t.Errorf("what was searched is no state or no preview: it does not name the secret %s", arn)
	}
	checkPlaceholderPasswords(t, out, places["the state"], decrypted)
}

// checkPlaceholderPasswords checks that no login succeeds with the placeholder passwords of the cache's users, which are
// encrypted in the state.
func checkPlaceholderPasswords(t *testing.T, out outputs, state, decrypted string) {
	t.Helper()
	for user, password := range cachePasswords(t, decrypted) {
		if strings.Contains(state, password) {
			t.Errorf("the state has the password of %s in plain text", user)
		}
		err := connectCache(t, out, user, password).Get(context.Background(), "item:1:{1}").Err()
		if err == nil || !strings.Contains(err.Error(), "WRONGPASS") {
			t.Errorf("with the password that the state has %s logs in to the cache: %v", user, err)
		}
	}
}

// cachePasswords returns the placeholder passwords of the cache's users by user name.
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

// accountSecrets returns the account's secret values, of all kinds that the stack has.
func accountSecrets(t *testing.T, out outputs) secretscan.Values {
	t.Helper()
	values, err := secretscan.Account(context.Background(), awsConfig(out))
	if err != nil {
		t.Fatal(err)
	}
	all := strings.Join(slices.Sorted(maps.Keys(values)), "\n")
	kinds := []string{"didomi-" + out.Stack + "-data-app", "didomi-" + out.Stack + "-data-cache", "secret rds!"}
	if out.Stack == "prod" { // dev requires no key
		kinds = append(kinds, "the API key didomi-prod-api-key-")
	}
	for _, kind := range kinds {
		if !strings.Contains(all, kind) {
			t.Errorf("the account has no %s among\n%s", kind, all)
		}
	}
	return values
}

// environments returns the variables of all functions of the account.
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
