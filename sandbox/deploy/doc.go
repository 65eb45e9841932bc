// Package deploy deploys stacks of the repository's program to the sandbox with the Pulumi CLI. It sets the CLI's
// environment, copies the stack file, detects interrupted runs, and reads the progress and the outputs.
package deploy
