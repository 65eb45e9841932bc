// Package secretscan reads the secret values of an emulated account, and finds them in readable output: states,
// previews, plans, artifacts, logs.
package secretscan
