// Package pipeline runs the repository's .gitlab-ci.yml on this machine, from merge request to prod:
// gitlab-ci-local instead of GitLab's runner, a server that records notes and issues instead of GitLab's API, tokens of the
// sandbox's own issuer, and the emulated account, which enforces the permissions of the pipeline's roles.
package pipeline
