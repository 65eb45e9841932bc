// Package child starts the processes that the sandbox is made of and makes
// sure that none outlives it: each has a process group of its own, dies with
// the sandbox whatever kills that, and carries the sandbox's root in its
// environment so that leftovers can be found.
package child
