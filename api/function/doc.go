// Package function creates the Lambda functions of the component api, each with its log group, execution role and
// published version, and the alias "live" that API Gateway invokes.
//
// The alias moves to a new version after the database has been migrated (migrate.go) and the cache's user has its
// password (cacheuser.go); in a canary the rollout moves it instead (rollout.go). Secrets Manager rotates both passwords
// from then on (rotation.go).
package function
