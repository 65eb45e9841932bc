package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/limit"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/steps"
)

// callKind reports whether a call may be sent twice.
type callKind bool

const (
	readCall  callKind = true
	writeCall callKind = false
)

// call runs a call on a connection of the pool with a timeout, retries it where that is safe, and gives its error a kind.
func (s *Store) call(ctx context.Context, what string, kind callKind, run func(context.Context, *pgxpool.Conn) error) error {
	defer steps.Begin(ctx, steps.Database).End()
	ctx, cancel := context.WithTimeout(ctx, limit.Of(callTimeout))
	defer cancel()
	err := s.callOnce(ctx, run)
	for try := 1; err != nil && try < maxTries; try++ {
		retry := ctx.Err() == nil && s.shouldRetry(err, kind) && s.retries.spend() && backoff(ctx, try, hasSQLState(err, busy))
		if !retry {
			break
		}
		err = s.callOnce(ctx, run)
	}
	if serverResponded(err) {
		s.retries.earn()
	}
	return classify(what, err)
}

// callOnce runs a call once.
func (s *Store) callOnce(ctx context.Context, run func(context.Context, *pgxpool.Conn) error) error {
	pool, err := s.pool()
	if err != nil {
		return fault.NewInternal("opening the database", err)
	}
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return &noConnectionError{err}
	}
	defer conn.Release()
	return run(ctx, conn)
}

// noConnectionError is the failure of a call that got no connection: its secret could not be read, the pool had none in time,
// or connecting failed.
type noConnectionError struct{ cause error }

func (e *noConnectionError) Error() string { return "no connection: " + e.cause.Error() }

func (e *noConnectionError) Unwrap() error { return e.cause }

// serverResponded reports whether a working server has responded to a call, including that there is no such item, or that a
// condition is false.
func serverResponded(err error) bool {
	if err == nil {
		return true
	}
	var known *fault.Error
	return errors.As(err, &known)
}

// shouldRetry reports whether a retry is safe and likely to succeed. It first repairs what made the call fail.
func (s *Store) shouldRetry(err error, kind callKind) bool {
	var connect *pgconn.ConnectError
	var noConnection *noConnectionError
	switch {
	case serverResponded(err):
		return false
	case errors.As(err, &connect) && hasSQLState(err, authentication) && s.onAuthFailure != nil:
		s.onAuthFailure(secrets.Credentials{Username: connect.Config.User, Password: connect.Config.Password})
		return true
	case errors.As(err, &noConnection):
		return hasSQLState(err, busy)
	case hasSQLState(err, serverReplaced):
		s.reset()
		return kind == readCall || hasSQLState(err, readOnly)
	}
	var reported *pgconn.PgError
	return pgconn.SafeToRetry(err) || kind == readCall && !errors.As(err, &reported)
}

// NotApplied reports whether a failed call certainly changed nothing: the database did not receive it, found nothing to
// change, or returned an error that means that it did not begin or rolled back. Any other error may come after the commit, even
// an unknown one: a proxy has errors of its own, and a statement on a lost connection may have been executed.
func NotApplied(err error) bool {
	var noConnection *noConnectionError
	var reported *pgconn.PgError
	switch {
	case errors.As(err, &noConnection) || pgconn.SafeToRetry(err):
		return true
	case errors.As(err, &reported):
		return hasSQLState(err, noSession) || hasSQLState(err, rolledBack) && !isFatal(reported)
	default:
		return serverResponded(err) && fault.KindOf(err) != fault.Unavailable
	}
}

// isFatal reports whether an error ends the session (PostgreSQL manual, "Error and Notice Message Fields"). That can happen
// during the commit.
func isFatal(err *pgconn.PgError) bool {
	severity := err.SeverityUnlocalized
	if severity == "" {
		severity = err.Severity
	}
	return severity == "FATAL" || severity == "PANIC"
}

// SQLSTATEs, or their first characters, by their meaning for a request:
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var (
	authentication = []string{"28"}
	// Too many connections, or the server is starting.
	busy = []string{"53300", "57P03"}
	// The server shuts down or has become a reader, and so have the other connections of the pool.
	serverReplaced = []string{"57P01", "25006"}
	readOnly       = []string{"25006"}
	invalidData    = []string{"22", "54001"}
	// No session: too many connections, or the server is starting.
	noSession = busy
	// Raised before or during the execution of a statement, but never by the commit: an error rolls back the statement's
	// implicit transaction (PostgreSQL manual, "Message Flow", "Extended Query": Sync rolls back if there was an error).
	//
	//
	//	22     data exception: a value that the statement cannot take
	//	23     integrity constraint violation
	//	25006  read-only transaction: rejected before it is executed
	//	40001  serialization failure and
	//	40P01  deadlock: the transaction is aborted ("Serialization Failure
	//	       Handling")
	//	42     syntax error or access rule violation: rejected when it is planned
	//	54     program limit exceeded: too complex a statement, too long a row
	//	55P03  lock not available, also by lock_timeout
	//	57014  query canceled, also by statement_timeout, whose clock the server
	//	       stops before the commit
	//
	// Not among them: 40003 (statement completion unknown), 08 and 57P (loss of the connection or the server), 53 and 58
	// (disk, memory and files, which the commit needs too), F0 and XX (defects), and codes that are not in the appendix.
	rolledBack  = []string{"22", "23", "25006", "40001", "40P01", "42", "54", "55P03", "57014"}
	unavailable = []string{"08", "53", "57", "28", "25006", "25P0", "40", "55P03"}
)

func hasSQLState(err error, states []string) bool {
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

// classify gives err a kind. An error that is neither the client's fault nor returned by a working server means that the
// database is unavailable.
func classify(what string, err error) error {
	var known *fault.Error
	var reported *pgconn.PgError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return err
	case hasSQLState(err, invalidData):
		return &fault.Error{Kind: fault.Invalid, Detail: "the database cannot store this content", Cause: err}
	case errors.As(err, &reported) && !hasSQLState(err, unavailable):
		return fault.NewInternal(what, err)
	default:
		return fault.NewUnavailable(fault.Database, err)
	}
}
