// Package daemon runs the sandbox in one process: it serves the emulated account, its data plane and its functions. The
// processes that it starts end with it. Every daemon starts with an empty account; the generation identifies the account.
package daemon
