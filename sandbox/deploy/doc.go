// Package deploy brings a stack of the repository's program into the sandbox
// by the ordinary Pulumi CLI: its environment, the stack file's copy, the
// state and how far it can be trusted, the run itself and what it put out.
package deploy
