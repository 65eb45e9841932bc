// Package api is API Gateway, the Lambda functions and their monitoring.
//
// Along the request path: the web ACL (waf.go, its log in waflog.go) and the custom domain (domain.go) are before the
// REST API (gateway.go). The REST API is imported from the API's definition (lambda/openapi, rendered by document.go),
// meters clients by usage plan and key (usage.go) and throttles methods (stage.go). It invokes the alias "live" of the
// function (function.go, with the execution role of role.go and the provisioned concurrency of concurrency.go), whose
// code is built here too (build.go).
//
// The alias moves to a new version after the database has been migrated (migrate.go) and the cache's user has its
// password (cacheuser.go); in a canary the rollout moves it instead (rollout.go). Secrets Manager rotates both passwords
// from then on (rotation.go).
//
// Log groups are created before anything writes to them (logs.go); metric filters count their lines (logfilter.go).
// alarms.go and silence.go watch all of it, topic.go notifies, dashboard.go shows it. permissions.go has what the
// pipeline's roles need for it.
package api
