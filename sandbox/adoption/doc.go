// Package adoption tests that the repository can be made another team's: a clone is renamed, gets another
// application, and comes up in a sandbox of its own.
package adoption
