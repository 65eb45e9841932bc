// Package data is the component of everything that stores data: the Aurora PostgreSQL cluster and
// the RDS Proxy in front of it, the Redis or Valkey replication group with the function's user, the bucket of
// large files, the secrets that hold their passwords, and the logs that all of them write.
//
// No password in use passes through this program: AWS creates and rotates the master's, functions of the
// component api create and rotate those of the application's users. ElastiCache creates no user without one,
// so its users get placeholder passwords, which never authenticate a client.
package data
