// Package faults makes dependencies of a stack's API function fail on request, for that function alone: its connections
// are recognized by the process that holds them, so Pulumi, migrations, rotations and other stacks are not affected.
//
// A server asks a Registry about each connection (Track) or serves HTTP behind Registry.Handler. The servers and the
// protocols are elsewhere: package dataplane for PostgreSQL and Redis, package gateway for S3 and Secrets Manager.
package faults
