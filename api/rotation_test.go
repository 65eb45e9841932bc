package api

import (
	"reflect"
	"slices"
	"testing"
)

func TestTheApplicationsSecretRotatesAsOftenAsAsked(t *testing.T) {
	args := full()
	args.Database.RotationDays = 90
	r := build(t, args)
	rotation := r.Find(t, "aws:secretsmanager/secretRotation:SecretRotation", room+"-rotation")
	want := map[string]any{
		"secretId": "arn:app", "rotateImmediately": false,
		"rotationLambdaArn": "arn:aws:lambda:eu-west-1:123456789012:" + room + "-rotate",
		"rotationRules":     map[string]any{"automaticallyAfterDays": 90.0},
	}
	if !reflect.DeepEqual(rotation.Inputs, want) {
		t.Errorf("%v, want %v", rotation.Inputs, want)
	}
	t.Run("once the secret has a value and Secrets Manager may invoke the function", func(t *testing.T) {
		for _, first := range []string{room + "-migrated", room + "-rotate-invoke"} {
			if !dependsOn(rotation, first) {
				t.Errorf("it waits for %v, not for %s", rotation.Options.DependsOn, first)
			}
		}
	})
	t.Run("by Secrets Manager alone, for this secret alone", func(t *testing.T) {
		got := r.Find(t, "aws:lambda/permission:Permission", room+"-rotate-invoke").Inputs
		want := map[string]any{
			"action": "lambda:InvokeFunction", "function": room + "-rotate", "principal": "secretsmanager.amazonaws.com",
			"sourceAccount": "123456789012", "sourceArn": "arn:app",
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestWithoutRotationThereIsNoFunctionForIt(t *testing.T) {
	for _, r := range build(t, bare()).All() {
		if slices.Contains([]string{room + "-rotate", room + "-rotation", room + "-rotate-log", room + "-rotate-role"}, r.Name) {
			t.Errorf("%s %s is registered", r.Type, r.Name)
		}
	}
}
