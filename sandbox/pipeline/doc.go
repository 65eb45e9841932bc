// Package pipeline runs the repository's .gitlab-ci.yml on this machine, from merge request to prod:
// gitlab-ci-local in the place of GitLab's runner, a server of ours that records what is posted in the
// place of GitLab's API, tokens of the sandbox's own issuer, and the emulated account, which enforces
// what the pipeline's roles may do.
package pipeline
