// Package iam is the component of the pipeline's identity: who GitLab CI is to AWS, and what it may do.
//
// There are two roles. The preview role reads; the deploy role changes what this stack consists of,
// infrastructure and function alike, and nothing else. What that takes, each component says in its own
// permissions.go; this package composes the policies from it (compose.go, reading.go) and imports no component.
// A job assumes a role with GitLab's OIDC token, trusted for one project and, to deploy, for one branch
// (trust.go, claims.go); without OIDC, a user can assume both, and can do nothing besides (user.go).
//
// Names begin with <project>-<stack>-<component>-, and permissions are narrowed to them. What AWS assigns ids to,
// as EC2 does, is identified by the tags that the program puts on everything (policy.Scope).
//
// The deploy role creates roles, so it must not be able to create one that can do more than the stack
// needs: every role it creates carries the workload boundary, which leaves it this stack's data alone;
// and its own boundary keeps it from changing boundaries, users and the two roles, and from calls that would
// give it what is withheld, whatever its policies say (boundary.go, withheld.go). Those belong to the
// administrator who runs the first update.
// docs/decisions/least-privilege.md says what AWS can narrow and what it cannot.
package iam
