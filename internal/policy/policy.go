// Package policy writes IAM policy documents: typed statements in, JSON out, with resources that may
// not be known yet.
package policy

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// version is the policy language's, not the document's.
const version = "2012-10-17"

// Statement is one grant or denial.
type Statement struct {
	// Sid is what the statement is for; letters and digits only.
	Sid string
	// Deny turns the grant into a denial.
	Deny bool
	// Principal is the element of resource policies: {"Service": "lambda.amazonaws.com"} or "*".
	Principal any
	Actions   []string
	// NotActions, in the place of Actions, mean every action but these. For denials only.
	NotActions []string
	// Resources are ARNs; none leaves the element out, as trust policies require.
	Resources []pulumi.StringInput
	// NotResources, in the place of Resources, mean every resource but these. For denials only.
	NotResources []pulumi.StringInput
	// Condition is by operator, then key: {"Bool": {"aws:SecureTransport": "false"}}.
	Condition map[string]any
}

// Document is the JSON of a policy with these statements.
func Document(statements ...Statement) pulumi.StringOutput {
	list := make(pulumi.Array, len(statements))
	for i, s := range statements {
		list[i] = s.element()
	}
	return pulumi.JSONMarshal(pulumi.Map{"Version": pulumi.String(version), "Statement": list})
}

// Trust is the JSON of a trust policy that allows AWS services to assume a role.
func Trust(services ...string) pulumi.StringOutput {
	var principals any = services
	if len(services) == 1 {
		principals = services[0]
	}
	return Document(Statement{
		Principal: map[string]any{"Service": principals},
		Actions:   []string{"sts:AssumeRole"},
	})
}

// TrustFrom is the JSON of a trust policy that allows one AWS service to assume a role for resources of the
// account and, where ARNs are given, for these resources alone. It is for services that AWS documents to send
// the source when they assume a role (docs/decisions/deputies.md); any other service could not assume it.
func TrustFrom(service, account string, arns ...string) pulumi.StringOutput {
	var resources any
	if len(arns) > 0 {
		resources = arns
	}
	return Document(Statement{
		Principal: map[string]any{"Service": service},
		Actions:   []string{"sts:AssumeRole"},
		Condition: From(account, resources),
	})
}

// From is the condition that a service calls for a resource of the account and, where arns is not nil, for one
// with these ARNs.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html
func From(account string, arns any) map[string]any {
	condition := map[string]any{"StringEquals": map[string]any{"aws:SourceAccount": account}}
	if arns != nil {
		condition["ArnLike"] = map[string]any{"aws:SourceArn": arns}
	}
	return condition
}

func (s Statement) element() pulumi.Map {
	element := pulumi.Map{"Effect": pulumi.String("Allow")}
	if len(s.Actions) > 0 {
		element["Action"] = pulumi.ToStringArray(s.Actions)
	}
	if len(s.NotActions) > 0 {
		element["NotAction"] = pulumi.ToStringArray(s.NotActions)
	}
	if s.Deny {
		element["Effect"] = pulumi.String("Deny")
	}
	if s.Sid != "" {
		element["Sid"] = pulumi.String(s.Sid)
	}
	if s.Principal != nil {
		element["Principal"] = input(s.Principal)
	}
	if len(s.Resources) > 0 {
		element["Resource"] = pulumi.StringArray(s.Resources)
	}
	if len(s.NotResources) > 0 {
		element["NotResource"] = pulumi.StringArray(s.NotResources)
	}
	if len(s.Condition) > 0 {
		element["Condition"] = input(s.Condition)
	}
	return element
}

// input converts a Go value to a Pulumi value, with everything in it: Pulumi does not await an output inside a
// plain map.
func input(value any) pulumi.Input {
	switch v := value.(type) {
	case pulumi.Input:
		return v
	case map[string]any:
		object := pulumi.Map{}
		for key, item := range v {
			object[key] = input(item)
		}
		return object
	case []pulumi.StringInput:
		return pulumi.StringArray(v)
	default:
		return pulumi.Any(v)
	}
}
