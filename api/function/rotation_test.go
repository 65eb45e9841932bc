package function

import (
	"reflect"
	"slices"
	"testing"
)

func TestTheSecretsOfTheApplicationsUsersRotateAsOftenAsConfigured(t *testing.T) {
	args := full()
	args.RotationDays = 90
	r := build(t, args)
	for name, c := range map[string]struct{ rotation, secret, function, permission, filled string }{
		"the database's": {"rotation", "arn:app", "rotate", "rotate-invoke", "migrated"},
		"the cache's":    {"cache-rotation", "arn:cache", "cache-user", "cache-user-invoke", "cache-user-set"},
	} {
		rotation := r.Find(t, "aws:secretsmanager/secretRotation:SecretRotation", testName+"-"+c.rotation)
		t.Run(name+" by its function, and not with the update", func(t *testing.T) {
			want := map[string]any{
				"secretId": c.secret, "rotateImmediately": false,
				"rotationLambdaArn": "arn:aws:lambda:eu-west-1:123456789012:" + testName + "-" + c.function,
				"rotationRules":     map[string]any{"automaticallyAfterDays": 90.0},
			}
			if !reflect.DeepEqual(rotation.Inputs, want) {
				t.Errorf("%v, want %v", rotation.Inputs, want)
			}
		})
		t.Run(name+" once the secret has a value and Secrets Manager may invoke the function", func(t *testing.T) {
			for _, first := range []string{testName + "-" + c.filled, testName + "-" + c.permission} {
				if !rotation.DependsOn(first) {
					t.Errorf("it waits for %v, not for %s", rotation.Options.DependsOn, first)
				}
			}
		})
		t.Run(name+" by Secrets Manager alone, for this secret alone", func(t *testing.T) {
			got := r.Find(t, "aws:lambda/permission:Permission", testName+"-"+c.permission).Inputs
			want := map[string]any{
				"action": "lambda:InvokeFunction", "function": testName + "-" + c.function, "principal": "secretsmanager.amazonaws.com",
				"sourceAccount": "123456789012", "sourceArn": c.secret,
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%v, want %v", got, want)
			}
		})
	}
}

func TestWithoutRotationNothingRotates(t *testing.T) {
	gone := []string{
		testName + "-rotate", testName + "-rotation", testName + "-rotate-log", testName + "-rotate-role",
		testName + "-cache-rotation", testName + "-cache-user-invoke",
	}
	for _, r := range build(t, bare()).All() {
		if slices.Contains(gone, r.Name) {
			t.Errorf("%s %s is registered", r.Type, r.Name)
		}
	}
}

func TestTheCachesUserHasItsPasswordBeforeAnythingServes(t *testing.T) {
	for name, args := range map[string]Args{"with rotation": full(), "without": bare()} {
		t.Run(name, func(t *testing.T) {
			r := build(t, args)
			set := r.Find(t, "aws:lambda/invocation:Invocation", testName+"-cache-user-set")
			want := map[string]any{
				"functionName": testName + "-cache-user", "qualifier": "7", "lifecycleScope": "CREATE_ONLY",
				"input":    `{"SecretId":"arn:cache","Step":"deploySecret"}`,
				"triggers": map[string]any{"code": "code-hash"},
			}
			if !reflect.DeepEqual(set.Inputs, want) {
				t.Errorf("%v, want %v", set.Inputs, want)
			}
			if alias := r.Find(t, "aws:lambda/alias:Alias", testName+"-live"); !alias.DependsOn(set.Name) {
				t.Errorf("the alias waits for %v only", alias.Options.DependsOn)
			}
		})
	}
}
