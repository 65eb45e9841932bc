// Package query runs an operator's question to the database: one statement in a read-only transaction, as a user that
// may only read, within limits. It logs who ran what and why, and never the result.
//
// The function has no credentials of the database. The caller sends a token that RDS verifies (IAM database
// authentication), so a caller without the permission rds-db:connect gets nothing (docs/decisions/queries.md).
package query

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/lambda/postgres"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// Handler runs queries.
type Handler struct {
	Database postgres.Database
	User     string
	Limits   Limits
	Log      *slog.Logger
}

// Limits bound one query.
type Limits struct {
	// Statement bounds the statement's run time, Lock its wait for a lock.
	Statement, Lock time.Duration
	// Rows and Bytes bound the result; Bytes counts values in their text form, and a few bytes for each.
	Rows, Bytes int
}

// Default are the limits of a deployed function: a response of Lambda has at most 6 MB, and JSON escapes a byte as up to
// six. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
var Default = Limits{Statement: 15 * time.Second, Lock: 2 * time.Second, Rows: contract.QueryRows, Bytes: contract.QueryBytes}

// Handle runs the query of an event. A query that is rejected, by this function or by the database, is no error of the
// function: the response says why.
func (h Handler) Handle(ctx context.Context, event contract.Query) (contract.QueryResult, error) {
	log := h.Log.With("statement", event.Statement, "reason", event.Reason, "caller", event.Caller, "access_key", accessKey(event.Token))
	// The line is written before the statement runs, so that there is one whatever happens then.
	log.InfoContext(ctx, "query")
	begin := time.Now()
	result, err := h.run(ctx, event)
	var rejected *rejectedError
	switch {
	case errors.As(err, &rejected):
		// The message may quote values.
		log.WarnContext(ctx, "query rejected", "code", rejected.code)
		return contract.QueryResult{Rejected: &contract.QueryRejection{Code: rejected.code, Message: rejected.Error()}}, nil
	case err != nil:
		log.ErrorContext(ctx, "query failed", contract.LogError, err.Error())
		return contract.QueryResult{}, err
	}
	result.Milliseconds = time.Since(begin).Milliseconds()
	log.InfoContext(ctx, "query done", "rows", len(result.Rows), "truncated", result.Truncated, "ms", result.Milliseconds)
	return result, nil
}

// run checks the event and runs its statement.
func (h Handler) run(ctx context.Context, event contract.Query) (contract.QueryResult, error) {
	if err := check(event); err != nil {
		return contract.QueryResult{}, err
	}
	conn, err := h.connect(ctx, event.Token)
	if err != nil {
		return contract.QueryResult{}, rejection(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	result, err := h.query(ctx, conn, event.Statement)
	return result, rejection(err)
}

// rejectedError is why a query is rejected.
type rejectedError struct {
	code  string // a SQLSTATE, or "statement", "caller" or "size"
	cause error
}

func (e *rejectedError) Error() string { return e.cause.Error() }
func (e *rejectedError) Unwrap() error { return e.cause }

func reject(code, format string, args ...any) error {
	return &rejectedError{code, fmt.Errorf(format, args...)}
}

// explanations say what the errors mean that the limits and permissions of a query raise.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
var explanations = map[string]string{
	"25006": "a query only reads",
	"28000": "the database did not accept the caller's IAM token",
	"28P01": "the database did not accept the caller's IAM token",
	"42501": "the query's user may only read the application's tables",
	"53300": "too many queries run at once",
	"55P03": "another transaction holds a lock that the query waited for",
	"57014": "the query took too long and was cancelled",
}

// rejection turns an error that the server reports about a statement or a login into a rejection, with all that the
// server says; other errors stay.
func rejection(err error) error {
	var reported *pgconn.PgError
	if !errors.As(err, &reported) {
		return err
	}
	message := reported.Message
	for _, more := range []string{reported.Detail, reported.Hint} {
		if more != "" {
			message += "; " + more
		}
	}
	if reported.Position > 0 {
		message += fmt.Sprintf(" (at character %d)", reported.Position)
	}
	if why := explanations[reported.Code]; why != "" {
		message = why + ": " + message
	}
	return &rejectedError{reported.Code, errors.New(message)}
}

// credentials log in with the token in place of a password.
func (h Handler) credentials(token string) secrets.Credentials {
	return secrets.Credentials{Username: h.User, Password: token}
}
