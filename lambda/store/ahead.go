package store

import (
	"context"
	"net"
	"sync"
)

// ahead opens a connection to the database while the secret that logs in by it
// is read. PostgreSQL starts a process for it meanwhile, which costs as much.
type ahead struct {
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	mu      sync.Mutex
	waiting chan opened // nil: nothing is being opened, or it was taken
}

// opened is a connection, or why there is none.
type opened struct {
	conn net.Conn
	err  error
}

// open begins to connect to an address, for the next dial.
func (a *ahead) open(ctx context.Context, address string) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	result := make(chan opened, 1)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiting = result
	go func() {
		defer cancel()
		conn, err := a.dial(ctx, "tcp", address)
		result <- opened{conn, err}
	}()
}

// take returns what was opened, once.
func (a *ahead) take() (opened, bool) {
	a.mu.Lock()
	result := a.waiting
	a.waiting = nil
	a.mu.Unlock()
	if result == nil {
		return opened{}, false
	}
	return <-result, true
}

// drop closes what was opened and not taken.
func (a *ahead) drop() {
	if unused, ok := a.take(); ok && unused.err == nil {
		_ = unused.conn.Close() // nothing was sent on it
	}
}

// connect is a pgconn.DialFunc. What could not be opened ahead is tried as if
// nobody had: pgx knows more addresses than one.
func (a *ahead) connect(ctx context.Context, network, address string) (net.Conn, error) {
	if early, ok := a.take(); ok && early.err == nil {
		return early.conn, nil
	}
	return a.dial(ctx, network, address)
}
