// Package child starts the sandbox's processes and ensures that none outlives the sandbox. Each process has its own
// process group, receives a signal when the sandbox dies, and has the sandbox's root in its environment, by which
// leftovers are found.
package child
