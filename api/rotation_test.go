package api

import (
	"reflect"
	"slices"
	"testing"
)

func TestTheSecretsOfTheApplicationsUsersRotateAsOftenAsAsked(t *testing.T) {
	args := full(t)
	args.RotationDays = 90
	r := build(t, args)
	for name, c := range map[string]struct{ rotation, secret, function, permission, filled string }{
		"the database's": {"rotation", "arn:app", "rotate", "rotate-invoke", "migrated"},
		"the cache's":    {"cache-rotation", "arn:cache", "cache-user", "cache-user-invoke", "cache-user-set"},
	} {
		rotation := r.Find(t, "aws:secretsmanager/secretRotation:SecretRotation", component+"-"+c.rotation)
		t.Run(name+" by its function, and not with the update", func(t *testing.T) {
			want := map[string]any{
				"secretId": c.secret, "rotateImmediately": false,
				"rotationLambdaArn": "arn:aws:lambda:eu-west-1:123456789012:" + component + "-" + c.function,
				"rotationRules":     map[string]any{"automaticallyAfterDays": 90.0},
			}
			if !reflect.DeepEqual(rotation.Inputs, want) {
				t.Errorf("%v, want %v", rotation.Inputs, want)
			}
		})
		t.Run(name+" once the secret has a value and Secrets Manager may invoke the function", func(t *testing.T) {
			for _, first := range []string{component + "-" + c.filled, component + "-" + c.permission} {
				if !dependsOn(rotation, first) {
					t.Errorf("it waits for %v, not for %s", rotation.Options.DependsOn, first)
				}
			}
		})
		t.Run(name+" by Secrets Manager alone, for this secret alone", func(t *testing.T) {
			got := r.Find(t, "aws:lambda/permission:Permission", component+"-"+c.permission).Inputs
			want := map[string]any{
				"action": "lambda:InvokeFunction", "function": component + "-" + c.function, "principal": "secretsmanager.amazonaws.com",
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
		component + "-rotate", component + "-rotation", component + "-rotate-log", component + "-rotate-role",
		component + "-cache-rotation", component + "-cache-user-invoke",
	}
	for _, r := range build(t, bare(t)).All() {
		if slices.Contains(gone, r.Name) {
			t.Errorf("%s %s is registered", r.Type, r.Name)
		}
	}
}

func TestTheCachesUserHasItsPasswordBeforeAnythingServes(t *testing.T) {
	for name, args := range map[string]Args{"with rotation": full(t), "without": bare(t)} {
		t.Run(name, func(t *testing.T) {
			r := build(t, args)
			set := r.Find(t, "aws:lambda/invocation:Invocation", component+"-cache-user-set")
			want := map[string]any{
				"functionName": component + "-cache-user", "qualifier": "7", "lifecycleScope": "CREATE_ONLY",
				"input":    `{"SecretId":"arn:cache","Step":"deploySecret"}`,
				"triggers": map[string]any{"code": "code-hash"},
			}
			if !reflect.DeepEqual(set.Inputs, want) {
				t.Errorf("%v, want %v", set.Inputs, want)
			}
			if alias := r.Find(t, "aws:lambda/alias:Alias", component+"-live"); !dependsOn(alias, set.Name) {
				t.Errorf("the alias waits for %v only", alias.Options.DependsOn)
			}
		})
	}
}
