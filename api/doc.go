// Package api is the front room: everything between a client and the data.
//
// Along a request: the web ACL (waf.go) and the custom domain (domain.go) stand before the REST API
// (gateway.go), which is made from one OpenAPI document (openapi.yaml, read by document.go) and
// counts clients by key (usage.go). It invokes the alias "live" of the function (function.go, with
// the rights of role.go), which is built here too (build.go). The alias only moves to a new version
// after the database has been migrated (migrate.go). Logs go to groups of their own (logs.go) under
// the room's key (key.go), and what happens is watched by alarms.go and shown by dashboard.go.
package api
