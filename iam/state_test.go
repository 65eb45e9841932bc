package iam

import (
	"reflect"
	"slices"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
)

const stateKey = "arn:aws:kms:eu-west-1:123456789012:key/1234abcd"

func withState() Config {
	c := Default()
	c.StateBucket, c.StateKey = "states-1234567", stateKey
	return c
}

func TestEachRoleReachesTheStateOfItsStackOnly(t *testing.T) {
	r := build(t, withState())
	const object = "arn:aws:s3:::states-1234567/.pulumi/"
	stack := []string{object + "stacks/didomi/test.json*", object + "stacks/didomi/test.pulumi-tags"}
	lock := object + "locks/organization/didomi/test/*"
	reading := []mocks.Statement{
		{Sid: "StateNames", Effect: "Allow", Action: []string{"s3:ListBucket"}, Resource: []string{"arn:aws:s3:::states-1234567"}},
		{Sid: "State", Effect: "Allow", Action: []string{"s3:GetObject"}, Resource: append(slices.Clone(stack), object+"meta.yaml")},
		{Sid: "StateKey", Effect: "Allow", Action: []string{"kms:Decrypt"}, Resource: []string{stateKey}},
	}
	for _, tt := range []struct {
		name, policy string
		want         []mocks.Statement
	}{
		{"is read by a preview", "preview-state", reading},
		{"is read by a deployment", "deploy-state", reading},
		{"is written by a deployment", "deploy-state-writing", []mocks.Statement{
			{Sid: "StateChanges", Effect: "Allow", Action: []string{"s3:DeleteObject", "s3:PutObject"}, Resource: []string{
				stack[0], lock, object + "history/didomi/test/*", object + "backups/didomi/test/*",
			}},
			{Sid: "StateLock", Effect: "Allow", Action: []string{"s3:GetObject"}, Resource: []string{lock}},
			{Sid: "StateDataKeys", Effect: "Allow", Action: []string{"kms:GenerateDataKey"}, Resource: []string{stateKey}},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := mocks.Statements(t, r.Find(t, "aws:iam/policy:Policy", componentName+"-"+tt.policy).Inputs["policy"])
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v\nwant %v", got, tt.want)
			}
		})
	}
	t.Run("is not written by a preview", func(t *testing.T) {
		for _, a := range r.OfType("aws:iam/rolePolicyAttachment:RolePolicyAttachment") {
			if a.Name == componentName+"-preview-state-writing" {
				t.Errorf("%s is attached to %v", a.Name, a.Inputs["role"])
			}
		}
	})
}

func TestTheStateRequiresBucketAndKey(t *testing.T) {
	bucket := config.FieldError{Key: "stateBucket", MustBe: "the name of a bucket, as bootstrap's output stateBucket has it"}
	key := config.FieldError{Key: "stateKey", MustBe: "the ARN of a key, as bootstrap's output stateKey has it"}
	alias := key
	alias.Value = `"alias/state"`
	for _, tt := range []struct {
		name, bucket, key string
		want              []config.FieldError
	}{
		{"both are valid", "states-1234567", stateKey, nil},
		{"a bucket alone", "states-1234567", "", []config.FieldError{key}},
		{"a key alone", "", stateKey, []config.FieldError{bucket}},
		{"an alias, which no policy can grant", "states-1234567", "alias/state", []config.FieldError{alias}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := Default()
			c.StateBucket, c.StateKey = tt.bucket, tt.key
			if got := c.Validate(); !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}
