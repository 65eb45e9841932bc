package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Pulumi keeps a stack's state, locks, history and backups under these paths of its bucket; the
// permissions are narrowed to them, so that a role of one stack never reaches another's state.
// https://www.pulumi.com/docs/iac/concepts/state-and-backends/

// readingState allows a preview to read the stack's state and the secrets in it.
func (b builder) readingState() managedPolicy {
	if b.config.StateBucket == "" {
		return managedPolicy{}
	}
	return managedPolicy{"state", []policy.Statement{
		{
			Sid:       "StateNames",
			Actions:   []string{"s3:ListBucket"},
			Resources: []pulumi.StringInput{b.stateObject("")},
		},
		{
			Sid:       "State",
			Actions:   []string{"s3:GetObject"},
			Resources: []pulumi.StringInput{b.stackFile(), b.stackTags(), b.stateObject("/.pulumi/meta.yaml")},
		},
		{
			Sid:       "StateKey",
			Actions:   []string{"kms:Decrypt"},
			Resources: []pulumi.StringInput{pulumi.String(b.config.StateKey)},
		},
	}}
}

// writingState allows an update to lock the stack, write its state and keep the previous one.
func (b builder) writingState() managedPolicy {
	if b.config.StateBucket == "" {
		return managedPolicy{}
	}
	return managedPolicy{"state-writing", []policy.Statement{
		{
			Sid:       "StateChanges",
			Actions:   []string{"s3:DeleteObject", "s3:PutObject"},
			Resources: []pulumi.StringInput{b.stackFile(), b.lock(), b.stateObject(b.of("history")), b.stateObject(b.of("backups"))},
		},
		{
			// When the stack is locked, Pulumi reports by whom.
			Sid:       "StateLock",
			Actions:   []string{"s3:GetObject"},
			Resources: []pulumi.StringInput{b.lock()},
		},
		{
			// An object in the bucket is encrypted under a data key of this key.
			Sid:       "StateDataKeys",
			Actions:   []string{"kms:GenerateDataKey"},
			Resources: []pulumi.StringInput{pulumi.String(b.config.StateKey)},
		},
	}}
}

// stackFile is the state itself, and the copy of the one before.
func (b builder) stackFile() pulumi.StringInput {
	return b.stateObject("/.pulumi/stacks/" + b.Project + "/" + b.Stack + ".json*")
}

// stackTags are the tags of the stack's name, which no update sets.
func (b builder) stackTags() pulumi.StringInput {
	return b.stateObject("/.pulumi/stacks/" + b.Project + "/" + b.Stack + ".pulumi-tags")
}

func (b builder) lock() pulumi.StringInput { return b.stateObject(b.of("locks/organization")) }

// of is the path of what Pulumi keeps of this stack in one of its directories.
func (b builder) of(folder string) string {
	return "/.pulumi/" + folder + "/" + b.Project + "/" + b.Stack + "/*"
}

// stateObject is the ARN of the state's bucket with a path in it; of the bucket itself without.
func (b builder) stateObject(path string) pulumi.StringInput {
	return pulumi.String(fmt.Sprintf("arn:%s:s3:::%s%s", b.Partition, b.config.StateBucket, path))
}
