// Package timeouts has the times that bound a statement, wherever it waits: in the function, in RDS
// Proxy, in the database. How long a write can take to come into effect follows from them. It depends
// on nothing, so that the program that provisions the proxy can say it too.
package timeouts

import "time"

const (
	// Call is for how long the function waits for the database, retries included.
	Call = 6 * time.Second
	// Borrow is the longest borrow timeout that a proxy may have. RDS Proxy has a statement wait for so
	// long until a connection is free, and it takes no cancel request. AWS does not say what becomes of
	// the statement when its client has left meanwhile, so it counts as one that is still sent.
	// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/rds-proxy.html#rds-proxy.limitations
	Borrow = 10 * time.Second
	// Statement is how long a statement may take, the wait for locks included, before PostgreSQL cancels
	// it. It is shorter than Call, so that the client of a statement that is slow, and not lost, is told.
	Statement = 5 * time.Second
	// Transaction is the same for a transaction, which PostgreSQL ends with its session: one whose client
	// left it open, too. It must be longer than Statement, which ends the statement alone.
	Transaction = Statement + time.Second
	// Write is how long after it was given to the store a write can come into effect at the latest.
	Write = Call + Borrow + Transaction
)
