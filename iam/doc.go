// Package iam is the room of the pipeline's rights: who GitLab CI is to AWS, and what it may do.
//
// There are two roles. The preview role reads (reading.go); the deploy role changes what this stack
// consists of, infrastructure and function alike, and nothing else (deploy_*.go, one file for what
// belongs together). A job takes a role with GitLab's OIDC token, trusted for one project and, to
// deploy, for one branch (trust.go); where OIDC is not to be had, a user can take both, and can do
// nothing besides (user.go).
//
// What a stack names it names <project>-<stack>-<room>-..., and that is how rights are narrowed to it.
// What AWS gives ids instead of names, as EC2 does, is told apart by the tags that the program puts on
// everything (names.go).
//
// The deploy role makes roles, so it must not be able to make one that can do more than the stack
// needs: every role it makes carries the workload boundary, which leaves it this stack's data alone;
// and its own boundary keeps it from changing boundaries, users and the two roles, whatever its policies
// say (boundary.go). Those belong to the administrator who runs the first update.
// docs/decisions/least-privilege.md says what AWS can narrow and what it cannot.
package iam
