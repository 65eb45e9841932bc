// Package policy writes IAM policy documents: statements as Go values whose parts may be outputs,
// rendered as the JSON that AWS takes, the same text for the same statements.
package policy

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Statement is one statement of a policy document; it allows unless Deny is set.
type Statement struct {
	// Sid names the statement: letters and digits, unique within a document.
	Sid string
	// Deny turns the statement into a refusal.
	Deny bool
	// Principals are who it speaks of, by kind ("Service", "AWS", "Federated"). Only documents
	// attached to a resource (trust, key, bucket, topic) have any.
	Principals map[string]pulumi.StringInput
	// Actions are full names ("s3:GetObject").
	Actions []string
	// Resources are ARNs; a trust policy has none.
	Resources pulumi.StringArray
	// Conditions are by operator, then key: {"StringEquals": {"aws:SourceAccount": account}}. A
	// value is a pulumi.StringInput or a pulumi.StringArray.
	Conditions map[string]pulumi.Map
}

// Anywhere is the resource of actions that AWS cannot narrow to one.
var Anywhere = pulumi.StringArray{pulumi.String("*")}

// JSON renders the statements as a policy document.
func JSON(statements ...Statement) pulumi.StringOutput {
	rendered := make(pulumi.Array, len(statements))
	for i, s := range statements {
		rendered[i] = s.render()
	}
	return pulumi.JSONMarshal(pulumi.Map{
		"Version":   pulumi.String("2012-10-17"),
		"Statement": rendered,
	})
}

// Trust renders a role's trust policy for one AWS service, such as lambda.amazonaws.com.
func Trust(service string) pulumi.StringOutput {
	return JSON(Statement{
		Principals: map[string]pulumi.StringInput{"Service": pulumi.String(service)},
		Actions:    []string{"sts:AssumeRole"},
	})
}

func (s Statement) render() pulumi.Map {
	effect := "Allow"
	if s.Deny {
		effect = "Deny"
	}
	out := pulumi.Map{
		"Effect": pulumi.String(effect),
		"Action": pulumi.ToStringArray(s.Actions),
	}
	if s.Sid != "" {
		out["Sid"] = pulumi.String(s.Sid)
	}
	if len(s.Principals) > 0 {
		principals := pulumi.Map{}
		for kind, name := range s.Principals {
			principals[kind] = name
		}
		out["Principal"] = principals
	}
	if len(s.Resources) > 0 {
		out["Resource"] = s.Resources
	}
	if len(s.Conditions) > 0 {
		conditions := pulumi.Map{}
		for operator, keys := range s.Conditions {
			conditions[operator] = keys
		}
		out["Condition"] = conditions
	}
	return out
}
