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
func (s site) readingState() rights {
	if s.config.StateBucket == "" {
		return rights{}
	}
	return rights{"state", []policy.Statement{
		{
			Sid:       "StateNames",
			Actions:   []string{"s3:ListBucket"},
			Resources: []pulumi.StringInput{s.stateObject("")},
		},
		{
			Sid:       "State",
			Actions:   []string{"s3:GetObject"},
			Resources: append(s.stateFiles(), s.stateObject("/.pulumi/meta.yaml")),
		},
		{
			Sid:       "StateKey",
			Actions:   []string{"kms:Decrypt"},
			Resources: []pulumi.StringInput{pulumi.String(s.config.StateKey)},
		},
	}}
}

// writingState lets an update lock the stack, write its state and keep what was.
func (s site) writingState() rights {
	if s.config.StateBucket == "" {
		return rights{}
	}
	return rights{"state-writing", []policy.Statement{
		{
			Sid:       "StateChanges",
			Actions:   []string{"s3:DeleteObject", "s3:PutObject"},
			Resources: s.stateFiles(),
		},
		{
			// An object in the bucket is encrypted under a data key of this key.
			Sid:       "StateDataKeys",
			Actions:   []string{"kms:GenerateDataKey"},
			Resources: []pulumi.StringInput{pulumi.String(s.config.StateKey)},
		},
	}}
}

// stateFiles are the objects of this stack.
func (s site) stateFiles() []pulumi.StringInput {
	stack := s.project + "/" + s.stack
	return []pulumi.StringInput{
		s.stateObject("/.pulumi/stacks/" + stack + ".json*"), s.stateObject("/.pulumi/stacks/" + stack + ".pulumi-tags"),
		s.stateObject("/.pulumi/locks/organization/" + stack + "/*"),
		s.stateObject("/.pulumi/history/" + stack + "/*"), s.stateObject("/.pulumi/backups/" + stack + "/*"),
	}
}

// stateObject is the ARN of the state's bucket with a path in it; of the bucket itself without.
func (s site) stateObject(path string) pulumi.StringInput {
	return pulumi.String(fmt.Sprintf("arn:%s:s3:::%s%s", s.partition, s.config.StateBucket, path))
}
