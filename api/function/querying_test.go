package function

import (
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
)

func TestTheFunctionOfQueriesHasNoCredentialsAndReachesTheDatabaseAlone(t *testing.T) {
	r := build(t, full())
	got := r.Find(t, "aws:lambda/function:Function", testName+"-query").Inputs
	for key, want := range map[string]any{
		"handler":   "query",
		"timeout":   60.0,
		"vpcConfig": map[string]any{"subnetIds": []any{"subnet-1", "subnet-2"}, "securityGroupIds": []any{"sg-query"}},
		"environment": map[string]any{"variables": map[string]any{
			"DB_HOST": "reader.host", "DB_PORT": "5432", "DB_NAME": "app", "DB_SSLMODE": "verify-full", "DB_QUERY_USER": "stack-query",
		}},
	} {
		if !reflect.DeepEqual(got[key], want) {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	for _, s := range mocks.Statements(t, r.Find(t, "aws:iam/rolePolicy:RolePolicy", testName+"-query-rights").Inputs["policy"]) {
		for _, action := range s.Action {
			if service, _, _ := strings.Cut(action, ":"); service != "logs" && service != "xray" && service != "ec2" {
				t.Errorf("its role may %s", action)
			}
		}
	}
	if n := len(r.OfType("aws:lambda/permission:Permission")); n != 2 {
		t.Errorf("%d permissions to invoke, want those of the two rotations: nothing but the role of operators invokes it", n)
	}
}

// The function that migrates creates the user, also where no code has changed.
func TestTheMigrationCreatesTheUserOfQueries(t *testing.T) {
	for name, c := range map[string]struct {
		args Args
		user any
	}{"with queries": {full(), "stack-query"}, "without": {bare(), nil}} {
		t.Run(name, func(t *testing.T) {
			r := build(t, c.args)
			migrate := r.Find(t, "aws:lambda/function:Function", testName+"-migrate").Inputs["environment"].(map[string]any)["variables"].(map[string]any)
			triggers := r.Find(t, "aws:lambda/invocation:Invocation", testName+"-migrated").Inputs["triggers"].(map[string]any)
			if migrate["DB_QUERY_USER"] != c.user || triggers["queryUser"] != c.user {
				t.Errorf("the function has the user %v, the invocation %v; want %v", migrate["DB_QUERY_USER"], triggers["queryUser"], c.user)
			}
		})
	}
}
