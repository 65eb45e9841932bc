// Package daemon is the one process that holds the sandbox together: it serves
// the emulated account, its data plane and its functions, and everything it
// starts dies with it. A daemon's account begins empty; its generation tells
// one account from the next.
package daemon
