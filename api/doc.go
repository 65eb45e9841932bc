// Package api is the front room: everything between a client and the data.
//
// Along a request: the web ACL (waf.go) and the custom domain (domain.go) stand before the REST API
// (gateway.go), which is made from the API's definition (lambda/openapi, rendered by document.go), counts
// clients by plan and key (usage.go) and throttles by method (stage.go). It invokes the alias "live" of
// the function (function.go, with the rights of role.go, kept warm by concurrency.go), which is built
// here too (build.go). The alias only moves to a new version after the database has been migrated
// (migrate.go) and the cache's user has its password (cacheuser.go), and in a canary not with the update
// at all (rollout.go); Secrets Manager has both passwords changed from then on (rotation.go). Logs go to groups of their
// own (logs.go) and are counted (logfilter.go); what happens is watched by alarms.go, told through
// topic.go and shown by dashboard.go.
package api
