// Package secretscan reads the secret values that an emulated account knows, and finds them in what
// anybody may read: states, previews, plans, artifacts, logs.
package secretscan
