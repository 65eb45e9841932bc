// Package dev is the development loop of `make dev`: it watches the working tree, runs what was saved, and shows the
// requests and log lines of the stack.
package dev
