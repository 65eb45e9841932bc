// Package contract compares the client's contract, docs/openapi.json, with that of the last release.
package contract
