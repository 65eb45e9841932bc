// Package stacktag is the tag by which IAM policies identify what belongs to a stack, where AWS assigns ids
// instead of names. docs/decisions/stack-tag.md explains why it is this one.
package stacktag

import "strings"

// Key is set by this program alone. IAM compares the key of a tag in a condition key without regard to
// case, so Matches does too.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourcetag
const Key = "serverless-api:stack"

// Condition keys of the tag on a resource, and of the tag that a call sets.
const (
	OnResource = "aws:ResourceTag/" + Key
	InRequest  = "aws:RequestTag/" + Key
)

// Bootstrap is the value on what bootstrap/ creates. It has no slash, so it is no stack's.
const Bootstrap = "bootstrap"

// Value names one stack of an account: neither a project nor a stack has a slash in its name.
func Value(project, stack string) string { return project + "/" + stack }

// Matches reports whether IAM treats a tag of this key as the stack's.
func Matches(key string) bool { return strings.EqualFold(key, Key) }
