// Package adoption tests that another team can adopt the repository: it renames a clone, replaces the
// application, and deploys it to a sandbox.
package adoption
