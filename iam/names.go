package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/didomi/serverless-api/internal/stacktag"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// The rooms whose things the roles are granted, as their names begin: <project>-<stack>-<room>-...
const (
	roomAPI     = "api"
	roomData    = "data"
	roomKeys    = "keys"
	roomNetwork = "network"
)

// names are ARNs of what rooms of the stack name, of one kind; of every room when none is said.
func (s site) names(service, kind string, rooms ...string) []pulumi.StringInput {
	if len(rooms) == 0 {
		return []pulumi.StringInput{s.arn(service, kind+s.prefix+"-*")}
	}
	all := make([]pulumi.StringInput, len(rooms))
	for i, room := range rooms {
		all[i] = s.arn(service, kind+s.prefix+"-"+room+"-*")
	}
	return all
}

// kinds are ARNs of what one room names, of several kinds.
func (s site) kinds(service, room string, kinds ...string) []pulumi.StringInput {
	all := make([]pulumi.StringInput, len(kinds))
	for i, kind := range kinds {
		all[i] = s.names(service, kind, room)[0]
	}
	return all
}

// masterSecrets are those that RDS makes and names; it marks each with its cluster.
func (s site) masterSecrets() pulumi.StringInput {
	return s.arn("secretsmanager", "secret:rds!cluster-*")
}

// buckets are the stack's.
func (s site) buckets() []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(fmt.Sprintf("arn:%s:s3:::%s-%s-*", s.Partition, s.prefix, roomData))}
}

// objects are what is in them.
func (s site) objects() []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(fmt.Sprintf("arn:%s:s3:::%s-%s-*/*", s.Partition, s.prefix, roomData))}
}

// own is everything that this room makes, which only an administrator changes.
func (s site) own() []pulumi.StringInput {
	return []pulumi.StringInput{
		s.global("iam", "user/"+s.name+"-*"), s.global("iam", "role/"+s.name+"-*"),
		s.global("iam", "policy/"+s.name+"-*"), s.global("iam", "oidc-provider/*"),
	}
}

// What AWS gives ids instead of names is told by the tag of internal/stacktag, which the provider puts on
// everything that the program creates. No right puts it on what exists and lacks it, as every resource of
// another program does; for execution logs AWS does not tell the two apart.

// owner is the tag's value on everything of the stack.
func (s site) owner() string { return stacktag.Value(s.project, s.stack) }

// tagged narrows a right to what carries the stack's tag.
func (s site) tagged() map[string]any {
	return map[string]any{"StringEquals": map[string]any{stacktag.OnResource: s.owner()}}
}

// tagging narrows a right to calls that give the stack's tag to what they make.
func (s site) tagging() map[string]any {
	return map[string]any{"StringEquals": map[string]any{stacktag.InRequest: s.owner()}}
}

// notYetTagged lets the stack's tag be put on what has neither it nor the tag environment, which most programs
// set. That reaches what another program has left without tags, so it is for execution logs alone
// (docs/decisions/stack-tag.md).
func (s site) notYetTagged() map[string]any {
	condition := s.tagging()
	condition["Null"] = map[string]any{stacktag.OnResource: "true", "aws:ResourceTag/environment": "true"}
	return condition
}

// withoutID is the ARN of what a call is about to create. It has no id yet, and AWS authorises the call on
// an ARN that ends with an asterisk. In a policy ${*} is that character, so the right reaches nothing that
// exists. docs/decisions/stack-tag.md has what is known of each service.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-specialchars
func (s site) withoutID(service, kind string) []pulumi.StringInput {
	return []pulumi.StringInput{s.arn(service, kind+"${*}")}
}

// ofOurCluster narrows a right to the master user's secret of the stack's own cluster. Nobody but AWS
// sets or changes a tag whose key begins with "aws:".
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-secrets-manager.html
func (s site) ofOurCluster() map[string]any {
	return map[string]any{"StringLike": map[string]any{
		"aws:ResourceTag/aws:rds:primaryDBClusterArn": s.names("rds", "cluster:", roomData),
	}}
}

// passedTo narrows the handing over of a role to one service.
func passedTo(service string) map[string]any {
	return map[string]any{"StringEquals": map[string]any{"iam:PassedToService": service}}
}

// passing lets roles of one kind be handed to the service that they are for.
func (s site) passing(sid, service string, roles ...string) policy.Statement {
	arns := make([]pulumi.StringInput, len(roles))
	for i, role := range roles {
		arns[i] = s.global("iam", "role/"+s.prefix+"-"+role+"-*")
	}
	return policy.Statement{
		Sid: sid, Actions: []string{"iam:PassRole"}, Resources: arns, Condition: passedTo(service),
	}
}
