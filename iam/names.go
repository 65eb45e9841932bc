package iam

import (
	"fmt"

	"github.com/didomi/serverless-api/internal/policy"
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
	return []pulumi.StringInput{pulumi.String(fmt.Sprintf("arn:%s:s3:::%s-%s-*", s.partition, s.prefix, roomData))}
}

// objects are what is in them.
func (s site) objects() []pulumi.StringInput {
	return []pulumi.StringInput{pulumi.String(fmt.Sprintf("arn:%s:s3:::%s-%s-*/*", s.partition, s.prefix, roomData))}
}

// own is everything that this room makes, which only an administrator changes.
func (s site) own() []pulumi.StringInput {
	return []pulumi.StringInput{
		s.global("iam", "user/"+s.name+"-*"), s.global("iam", "role/"+s.name+"-*"),
		s.global("iam", "policy/"+s.name+"-*"), s.global("iam", "oidc-provider/*"),
	}
}

// What AWS gives ids instead of names is told by the tag "environment", which the program puts on
// everything that it makes.

// tagged narrows a right to what carries the stack's tag.
func (s site) tagged() map[string]any {
	return map[string]any{"StringEquals": map[string]any{"aws:ResourceTag/environment": s.stack}}
}

// tagging narrows a right to calls that give the stack's tag to what they make.
func (s site) tagging() map[string]any {
	return map[string]any{"StringEquals": map[string]any{"aws:RequestTag/environment": s.stack}}
}

// notYetTagged lets the stack's tag be put on what carries none, as a thing does that is being made.
func (s site) notYetTagged() map[string]any {
	return map[string]any{
		"StringEquals": map[string]any{"aws:RequestTag/environment": s.stack},
		"Null":         map[string]any{"aws:ResourceTag/environment": "true"},
	}
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
