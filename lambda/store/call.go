package store

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// effect tells whether a call may be sent twice.
type effect bool

const (
	read  effect = true
	write effect = false
)

// call runs one call with a bound on its time and with retries where that is
// safe, and gives its error a kind.
func (s *Store) call(ctx context.Context, what string, effect effect, run func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := run(ctx)
	for try := 1; err != nil && try < maxTries; try++ {
		again := ctx.Err() == nil && s.worthRetrying(err, effect) && s.retries.spend() && pause(ctx, try, isOneOf(err, busy))
		if !again {
			break
		}
		err = run(ctx)
	}
	if err == nil {
		s.retries.earn()
	}
	return classify(what, err)
}

// worthRetrying reports whether another try is safe and likely to succeed,
// after setting right what made the last one fail.
func (s *Store) worthRetrying(err error, effect effect) bool {
	var connect *pgconn.ConnectError
	if errors.As(err, &connect) {
		if !isOneOf(err, authentication) || s.refused == nil {
			return isOneOf(err, busy)
		}
		s.refused(secrets.Credentials{Username: connect.Config.User, Password: connect.Config.Password})
		return true
	}
	if isOneOf(err, movedAway) {
		s.pool.Reset()
		return effect == read || isOneOf(err, readOnly)
	}
	var reported *pgconn.PgError
	return pgconn.SafeToRetry(err) || effect == read && !errors.As(err, &reported)
}

// NotSent reports whether a call failed before the database got it.
func NotSent(err error) bool {
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || pgconn.SafeToRetry(err)
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
	away         = []string{"08", "53", "57", "28", "25006", "40", "55P03"}
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
