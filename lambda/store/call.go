package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// effect tells whether a call may be sent twice.
type effect bool

const (
	read  effect = true
	write effect = false
)

// call runs one call on a connection of the pool, with a bound on its time and
// with retries where that is safe, and gives its error a kind.
func (s *Store) call(ctx context.Context, what string, effect effect, run func(context.Context, *pgxpool.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := s.try(ctx, run)
	for try := 1; err != nil && try < maxTries; try++ {
		again := ctx.Err() == nil && s.worthRetrying(err, effect) && s.retries.spend() && pause(ctx, try, isOneOf(err, busy))
		if !again {
			break
		}
		err = s.try(ctx, run)
	}
	if answered(err) {
		s.retries.earn()
	}
	return classify(what, err)
}

// try runs a call once.
func (s *Store) try(ctx context.Context, run func(context.Context, *pgxpool.Conn) error) error {
	pool, err := s.pool()
	if err != nil {
		return fault.Broken("opening the database", err)
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return &unsentError{err}
	}
	defer conn.Release()
	return run(ctx, conn)
}

// unsentError is the failure of a call that found no connection: its secret
// could not be read, the pool had none in time, or none could be made.
type unsentError struct{ cause error }

func (e *unsentError) Error() string { return "no connection: " + e.cause.Error() }

func (e *unsentError) Unwrap() error { return e.cause }

// answered reports whether a working server has answered a call: also that
// there is nothing, or that a condition does not hold.
func answered(err error) bool {
	if err == nil {
		return true
	}
	var answer *fault.Error
	return errors.As(err, &answer)
}

// worthRetrying reports whether another try is safe and likely to succeed,
// after setting right what made the last one fail.
func (s *Store) worthRetrying(err error, effect effect) bool {
	var connect *pgconn.ConnectError
	var unsent *unsentError
	switch {
	case answered(err):
		return false
	case errors.As(err, &connect) && isOneOf(err, authentication) && s.refused != nil:
		s.refused(secrets.Credentials{Username: connect.Config.User, Password: connect.Config.Password})
		return true
	case errors.As(err, &unsent):
		return isOneOf(err, busy)
	case isOneOf(err, movedAway):
		s.reset()
		return effect == read || isOneOf(err, readOnly)
	}
	var reported *pgconn.PgError
	return pgconn.SafeToRetry(err) || effect == read && !errors.As(err, &reported)
}

// Undone reports whether a call that failed certainly changed nothing: the
// database did not get it, or says itself that it refused it. What went down
// with its connection may have been done, also where the server had the time to
// say that it goes down, since it does so after the commit too.
func Undone(err error) bool {
	var unsent *unsentError
	if errors.As(err, &unsent) || pgconn.SafeToRetry(err) {
		return true
	}
	var reported *pgconn.PgError
	return errors.As(err, &reported) && !isOneOf(err, lost)
}

// SQLSTATEs and their first letters, by what they mean to a request:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var (
	authentication = []string{"28"}
	// There are too many connections, or the server is just starting.
	busy = []string{"53300", "57P03"}
	// The connection leads to a server that is going down or became a reader:
	// others in the pool will, too.
	movedAway    = []string{"57P01", "25006"}
	readOnly     = []string{"25006"}
	unacceptable = []string{"22", "54001"}
	// The connection was lost, or the server goes down; 40003 says by its name
	// (statement completion unknown) that nobody knows.
	lost = []string{"08", "57P", "40003"}
	away = []string{"08", "53", "57", "28", "25006", "40", "55P03"}
)

func isOneOf(err error, states []string) bool {
	var reported *pgconn.PgError
	if !errors.As(err, &reported) {
		return false
	}
	for _, state := range states {
		if strings.HasPrefix(reported.Code, state) {
			return true
		}
	}
	return false
}

// classify gives err a kind. What is neither the client's fault nor reported
// by a working server means that the database cannot be reached.
func classify(what string, err error) error {
	var known *fault.Error
	var reported *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case isOneOf(err, unacceptable):
		return &fault.Error{Kind: fault.Invalid, Detail: "the database cannot store this content", Cause: err}
	case errors.As(err, &reported) && !isOneOf(err, away):
		return fault.Broken(what, err)
	default:
		return fault.Down(fault.Database, err)
	}
}
