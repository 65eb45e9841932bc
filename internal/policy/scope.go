package policy

import (
	"github.com/didomi/serverless-api/internal/account"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Scope is a stack as policies identify it: by name where AWS takes names, which are
// <project>-<stack>-<component>-..., and by the tag of internal/stacktag where AWS assigns ids. The provider
// puts that tag on everything that the program creates. No permission puts it on what exists and lacks it, as
// every resource of another program does; for execution logs AWS does not tell the two apart.
type Scope struct {
	account.Location
	Project, Stack string
}

// In is the same stack in another region.
func (s Scope) In(region string) Scope {
	s.Region = region
	return s
}

// Prefix begins the names of everything that the stack names.
func (s Scope) Prefix() string { return s.Project + "-" + s.Stack }

// ARNs are resources of this account in this region.
func (s Scope) ARNs(service string, resources ...string) []pulumi.StringInput {
	arns := make([]pulumi.StringInput, len(resources))
	for i, resource := range resources {
		arns[i] = pulumi.String(s.ARN(service, resource))
	}
	return arns
}

// GlobalARNs are resources of this account that belong to no region.
func (s Scope) GlobalARNs(service string, resources ...string) []pulumi.StringInput {
	arns := make([]pulumi.StringInput, len(resources))
	for i, resource := range resources {
		arns[i] = pulumi.String(s.GlobalARN(service, resource))
	}
	return arns
}

// Named are the resources that a component names, of these kinds: "function:", or "" where ARNs have no kind.
func (s Scope) Named(component, service string, kinds ...string) []pulumi.StringInput {
	resources := make([]string, len(kinds))
	for i, kind := range kinds {
		resources[i] = kind + s.Prefix() + "-" + component + "-*"
	}
	return s.ARNs(service, resources...)
}

// WithoutID is the ARN of a resource that a call is about to create. It has no id yet, and AWS authorizes the
// call on an ARN that ends with an asterisk. In a policy ${*} is that character, so the statement matches no
// existing resource. docs/decisions/stack-tag.md lists the services.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
func (s Scope) WithoutID(service, kind string) []pulumi.StringInput {
	return s.ARNs(service, kind+"${*}")
}

// Buckets are the buckets that a component names.
func (s Scope) Buckets(component string) []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(s.UnownedARN("s3", s.Prefix()+"-"+component+"-*"))}
}

// Objects are the objects in the buckets that a component names.
func (s Scope) Objects(component string) []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(s.UnownedARN("s3", s.Prefix()+"-"+component+"-*/*"))}
}

// HostedZones are every zone of the account: Route 53 assigns their ids and has no condition on tags.
func (s Scope) HostedZones() []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(s.UnownedARN("route53", "hostedzone/*"))}
}

// Roles are the roles that a component creates.
func (s Scope) Roles(component string) []pulumi.StringInput {
	return s.GlobalARNs("iam", "role/"+s.Prefix()+"-"+component+"-*")
}

// Owner is the tag's value on everything of the stack.
func (s Scope) Owner() string { return stacktag.Value(s.Project, s.Stack) }

// Tagged narrows a statement to resources that have the stack's tag.
func (s Scope) Tagged() map[string]any {
	return map[string]any{"StringEquals": map[string]any{stacktag.OnResource: s.Owner()}}
}

// GrantsForResources narrows kms:CreateGrant to grants that a service creates for a resource, on keys with the stack's tag.
// https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
func (s Scope) GrantsForResources() map[string]any {
	condition := s.Tagged()
	condition["Bool"] = map[string]any{"kms:GrantIsForAWSResource": "true"}
	return condition
}

// Tagging narrows a statement to calls that set the stack's tag on what they create.
func (s Scope) Tagging() map[string]any {
	return map[string]any{"StringEquals": map[string]any{stacktag.InRequest: s.Owner()}}
}

// PassRole allows roles, by the names that a component gives them, to be passed to the service that they are for.
func (s Scope) PassRole(sid, service string, roles ...string) Statement {
	names := make([]string, len(roles))
	for i, role := range roles {
		names[i] = "role/" + s.Prefix() + "-" + role + "-*"
	}
	return Statement{
		Sid: sid, Actions: []string{"iam:PassRole"}, Resources: s.GlobalARNs("iam", names...),
		Condition: map[string]any{"StringEquals": map[string]any{"iam:PassedToService": service}},
	}
}
