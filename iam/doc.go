// Package iam is the component of the pipeline's identity: the user and roles of GitLab CI, and their permissions.
//
// The pipeline has three roles. The preview role reads; the deploy role changes the stack's resources
// except those of this component, and creates no keys and no VPC; the drill role restores a copy of the database (drill.go).
// Operators have a fourth, which queries the database (query.go). Each component lists the permissions for it in its
// permissions.go; this package composes the policies from it (compose.go, reading.go) and imports no component.
// A job assumes a role with GitLab's OIDC token, trusted for one project and, to deploy, for one branch
// (trust.go, claims.go); without OIDC, a user can assume the pipeline's roles, and can do nothing else (user.go).
//
// Names begin with <project>-<stack>-<component>-, and permissions are narrowed to them. What AWS assigns ids to,
// as EC2 does, is identified by the tags that the program puts on everything (policy.Scope).
//
// The deploy role creates roles, so it must not be able to create one that can do more than the stack
// needs: every role it creates has the workload boundary, which limits it to this stack's data;
// and its own boundary denies it changes of boundaries, users and these roles, and the calls that would
// give it what is withheld, whatever its policies allow (boundary.go, withheld.go). Only the administrator who
// runs the first update changes those.
// docs/reference/iam-permissions.md lists what AWS can narrow and what it cannot.
package iam
