package query

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/didomi/serverless-api/lambda/contract"
)

// cancelMargin is how much longer than the server the function waits for a statement that exceeds its time.
const cancelMargin = 2 * time.Second

// valueOverhead is counted for every value, as a response has quotes, commas and nulls.
const valueOverhead = 8

// maxMessage bounds a message of the server, which holds one row.
const maxMessage = 4 << 20

// connect opens a session that is limited from its start: the settings are sent with the login.
func (h Handler) connect(ctx context.Context, token string) (*pgx.Conn, error) {
	config, err := h.Database.Config(h.credentials(token))
	if err != nil {
		return nil, err
	}
	milliseconds := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	config.RuntimeParams = map[string]string{
		"application_name":                    h.User,
		"default_transaction_read_only":       "on",
		"idle_in_transaction_session_timeout": milliseconds(h.Limits.Statement),
		"lock_timeout":                        milliseconds(h.Limits.Lock),
		"statement_timeout":                   milliseconds(h.Limits.Statement),
	}
	config.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		frontend := pgproto3.NewFrontend(r, w)
		frontend.SetMaxBodyLen(maxMessage)
		return frontend
	}
	return h.Database.Open(ctx, config)
}

// query runs the statement in a read-only transaction, which is rolled back.
func (h Handler) query(ctx context.Context, conn *pgx.Conn, statement string) (contract.QueryResult, error) {
	ctx, stop := context.WithTimeout(ctx, h.Limits.Statement+cancelMargin)
	defer stop()
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return contract.QueryResult{}, fmt.Errorf("beginning the transaction: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	// The extended protocol accepts one statement. Without result formats all values are text.
	rows := conn.PgConn().ExecParams(ctx, statement, nil, nil, nil, nil)
	result := contract.QueryResult{Rows: [][]*string{}}
	for _, field := range rows.FieldDescriptions() {
		result.Columns = append(result.Columns, contract.QueryColumn{Name: field.Name, Type: typeName(conn, field.DataTypeOID)})
	}
	result.Rows, result.Truncated = h.read(rows)
	if result.Truncated != "" {
		return result, abandon(ctx, conn)
	}
	_, err = rows.Close()
	if tooLarge := (*pgproto3.ExceededMaxBodyLenErr)(nil); errors.As(err, &tooLarge) {
		return result, reject("size", "a row has more than %d bytes: select fewer columns, or parts of them", maxMessage)
	}
	return result, err
}

// read reads rows up to the limits. It returns the limit that ended it, if one did.
func (h Handler) read(rows *pgconn.ResultReader) (all [][]*string, truncated string) {
	all = [][]*string{}
	size := 0
	for rows.NextRow() {
		values := rows.Values()
		for _, value := range values {
			size += len(value) + valueOverhead
		}
		switch {
		case len(all) == h.Limits.Rows:
			return all, fmt.Sprintf("%d rows", h.Limits.Rows)
		case size > h.Limits.Bytes:
			return all, fmt.Sprintf("%d bytes", h.Limits.Bytes)
		}
		all = append(all, texts(values))
	}
	return all, ""
}

// texts copies a row, whose memory the next one reuses. NULL is nil.
func texts(values [][]byte) []*string {
	row := make([]*string, len(values))
	for i, value := range values {
		if value != nil {
			text := string(value)
			row[i] = &text
		}
	}
	return row
}

// abandon ends a statement whose other rows are not read: the server stops it, and the connection closes.
func abandon(ctx context.Context, conn *pgx.Conn) error {
	err := conn.PgConn().CancelRequest(ctx)
	closing, stop := context.WithCancel(ctx)
	stop() // without a farewell, which would wait for the rows
	_ = conn.Close(closing)
	if err != nil {
		return fmt.Errorf("cancelling the statement after the last row: %w", err)
	}
	return nil
}

// typeName is the name of a built-in type, or a type's number.
func typeName(conn *pgx.Conn, oid uint32) string {
	if t, ok := conn.TypeMap().TypeForOID(oid); ok {
		return t.Name
	}
	return strconv.FormatUint(uint64(oid), 10)
}
