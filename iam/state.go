package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Pulumi keeps a stack's state, locks, history and backups under these paths of its bucket; the
// rights are narrowed to them, so that a role of one stack never gets at another's.
// https://www.pulumi.com/docs/iac/concepts/state-and-backends/

// readingState lets a preview read the stack's state and the secrets in it.
func (s site) readingState() managedPolicy {
	if s.config.StateBucket == "" {
		return managedPolicy{}
	}
	return managedPolicy{"state", []policy.Statement{
		{
			Sid:       "StateNames",
			Actions:   []string{"s3:ListBucket"},
			Resources: []pulumi.StringInput{s.stateObject("")},
		},
		{
			Sid:       "State",
			Actions:   []string{"s3:GetObject"},
			Resources: []pulumi.StringInput{s.stackFile(), s.stackTags(), s.stateObject("/.pulumi/meta.yaml")},
		},
		{
			Sid:       "StateKey",
			Actions:   []string{"kms:Decrypt"},
			Resources: []pulumi.StringInput{pulumi.String(s.config.StateKey)},
		},
	}}
}

// writingState lets an update lock the stack, write its state and keep what was.
func (s site) writingState() managedPolicy {
	if s.config.StateBucket == "" {
		return managedPolicy{}
	}
	return managedPolicy{"state-writing", []policy.Statement{
		{
			Sid:       "StateChanges",
			Actions:   []string{"s3:DeleteObject", "s3:PutObject"},
			Resources: []pulumi.StringInput{s.stackFile(), s.lock(), s.stateObject(s.of("history")), s.stateObject(s.of("backups"))},
		},
		{
			// Whoever finds the stack locked is told by whom.
			Sid:       "StateLock",
			Actions:   []string{"s3:GetObject"},
			Resources: []pulumi.StringInput{s.lock()},
		},
		{
			// An object in the bucket is encrypted under a data key of this key.
			Sid:       "StateDataKeys",
			Actions:   []string{"kms:GenerateDataKey"},
			Resources: []pulumi.StringInput{pulumi.String(s.config.StateKey)},
		},
	}}
}

// stackFile is the state itself, and the copy of the one before.
func (s site) stackFile() pulumi.StringInput {
	return s.stateObject("/.pulumi/stacks/" + s.Project + "/" + s.Stack + ".json*")
}

// stackTags are the tags of the stack's name, which nobody sets in an update.
func (s site) stackTags() pulumi.StringInput {
	return s.stateObject("/.pulumi/stacks/" + s.Project + "/" + s.Stack + ".pulumi-tags")
}

func (s site) lock() pulumi.StringInput { return s.stateObject(s.of("locks/organization")) }

// of is the path of what Pulumi keeps of this stack in one of its folders.
func (s site) of(folder string) string {
	return "/.pulumi/" + folder + "/" + s.Project + "/" + s.Stack + "/*"
}

// stateObject is the ARN of the state's bucket with a path in it; of the bucket itself without.
func (s site) stateObject(path string) pulumi.StringInput {
	return pulumi.String(fmt.Sprintf("arn:%s:s3:::%s%s", s.Partition, s.config.StateBucket, path))
}
