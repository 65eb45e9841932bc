// Package timeouts has the timeouts of a statement wherever it can wait: in the function, in RDS Proxy, in the database. How long
// a write can take to take effect follows from them. It has no dependencies, so that the Pulumi program can import it.
package timeouts

import "time"

const (
	// Call is how long the function waits for the database, retries included.
	Call = 6 * time.Second
	// Borrow is the longest borrow timeout that a proxy may have. A statement waits in RDS Proxy for that long until a connection
	// is free, and RDS Proxy supports no cancel requests. AWS does not document what happens to the statement if its client has
	// left in the meantime, so it is assumed to be sent.
	Borrow = 10 * time.Second
	// Statement is how long a statement may take, including the wait for locks, before PostgreSQL cancels it. It is shorter than
	// Call, so that the client of a slow statement gets its error.
	Statement = 5 * time.Second
	// Transaction is the same for a transaction, which PostgreSQL ends together with its session, even if its client left it
	// open. It must be longer than Statement, which only ends the statement.
	Transaction = Statement + time.Second
	// Write is how long after it was sent a write can take effect at the latest.
	Write = Call + Borrow + Transaction
)
