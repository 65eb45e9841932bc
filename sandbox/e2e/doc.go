// Package e2e tests the README's claims on the complete stack. It runs the sandbox command as a user does (up, preview,
// down), sends requests to the served URL, and inspects PostgreSQL, Redis and the bucket behind it. No other sandbox of
// the checkout may be running. `make e2e` runs it.
package e2e
