// Package data is the room of everything that keeps something: the Aurora PostgreSQL cluster and
// the RDS Proxy in front of it, the Redis or Valkey replication group with its one user, the bucket of
// large files, the secrets that hold their passwords, and the logs that all of them write.
//
// No password passes through here in plain: AWS makes and rotates the master's, the migration makes
// the application's, and Secrets Manager generates the cache's.
package data
