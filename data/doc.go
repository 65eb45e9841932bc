// Package data is the room of everything that keeps something: the Aurora PostgreSQL cluster and
// the RDS Proxy in front of it, the Redis or Valkey replication group with its one user, the bucket of
// large files, the secrets that hold their passwords, and the logs that all of them write.
//
// No password that lets anybody in passes through here: AWS makes and rotates the master's, functions of
// the room api make and rotate those of the application's users. ElastiCache makes no user without one,
// so its users are born with passwords that are void before anybody could log in.
package data
