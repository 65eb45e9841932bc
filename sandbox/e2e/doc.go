// Package e2e proves what the README says, on the whole stack: it runs the
// sandbox command as a person would (up, preview, down), talks to the served
// URL, and looks into the PostgreSQL, Redis and bucket behind it. It needs the
// machine's sandbox for itself: `make e2e` runs it.
package e2e
