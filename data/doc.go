// Package data is the room of everything that keeps something: the Aurora PostgreSQL cluster and
// the RDS Proxy in front of it, the Redis replication group, the bucket of large files, the secrets
// that hold their passwords, and the key that encrypts all of them.
//
// No password passes through here in plain: AWS makes and rotates the master's, the migration makes
// the application's, and Secrets Manager generates the cache's.
package data
