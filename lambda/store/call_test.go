package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/faultproxy"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store"
)

// behind returns a Store whose connections go through a fault proxy; change may
// set its configuration otherwise.
func behind(t *testing.T, change func(*store.Config)) (*store.Store, *faultproxy.Proxy) {
	t.Helper()
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	proxy := faultproxy.New(t, net.JoinHostPort(d.Admin.Host, strconv.Itoa(int(d.Admin.Port))))
	config := d.Config()
	host, port, _ := net.SplitHostPort(proxy.Address())
	config.Host = host
	config.Port, _ = strconv.Atoi(port)
	change(&config)
	s := open(t, config)
	t.Cleanup(proxy.ResetAll) // closing waits for connections that say nothing
	return s, proxy
}

func open(t *testing.T, config store.Config) *store.Store {
	t.Helper()
	s := store.Open(config)
	t.Cleanup(s.Close)
	return s
}

func reported(code string) error { return &pgconn.PgError{Code: code} }

func TestCallsAreRetriedWhereItIsSafeAndUseful(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	for name, test := range map[string]struct {
		err           error
		reads, writes int
	}{
		"the item is missing":            {fault.New(fault.NotFound, "none"), 1, 1},
		"a condition does not hold":      {fault.New(fault.Precondition, "changed"), 1, 1},
		"the connection broke":           {io.ErrUnexpectedEOF, 3, 1},
		"the server goes down":           {reported("57P01"), 3, 1},
		"the server has become a reader": {reported("25006"), 3, 3},
		"the server rejected it":         {reported("42501"), 1, 1},
		"another transaction came first": {reported("40001"), 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, d.Config())
			if tries := s.Tries(t.Context(), true, test.err); tries != test.reads {
				t.Errorf("a read was tried %d times, want %d", tries, test.reads)
			}
			if tries := s.Tries(t.Context(), false, test.err); tries != test.writes {
				t.Errorf("a write was tried %d times, want %d", tries, test.writes)
			}
		})
	}
}

func TestReadsOfMissingItemsSpendNoRetries(t *testing.T) {
	s, proxy := behind(t, func(*store.Config) {})
	for range 20 {
		_, err := s.Get(t.Context(), "missing")
		isKind(t, fault.NotFound, err)
	}
	put(t, s, "a", `1`)
	proxy.ResetOnce()
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Fatalf("there was no retry left: %v", err)
	}
}

func TestEveryResponseEarnsRetries(t *testing.T) {
	s, _ := behind(t, func(*store.Config) {})
	for range 5 {
		s.Tries(t.Context(), true, io.ErrUnexpectedEOF)
	}
	if tries := s.Tries(t.Context(), true, io.ErrUnexpectedEOF); tries != 1 {
		t.Fatalf("with no retry left it was tried %d times", tries)
	}
	for range 30 {
		_, err := s.Get(t.Context(), "missing")
		isKind(t, fault.NotFound, err)
	}
	if tries := s.Tries(t.Context(), true, io.ErrUnexpectedEOF); tries != 3 {
		t.Fatalf("with retries earned it was tried %d times", tries)
	}
}

// A connection that idled for too long is not used: here it would not respond until the call's deadline.
func TestAConnectionIdleForTooLongIsNotUsed(t *testing.T) {
	const maxIdle = time.Second / 2 // many times the duration of a connect even on a busy machine, which counts as idling
	s, proxy := behind(t, func(config *store.Config) { config.MaxIdle = maxIdle })
	put(t, s, "a", `1`)
	time.Sleep(maxIdle + 50*time.Millisecond)
	proxy.Hold()
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
}

// Only what is listed is certain: the classes and codes of the appendix "PostgreSQL Error Codes" that are
// raised before a statement is executed or have rolled it back. FATAL ends the session wherever it is.
func TestOutcomeOfAWriteThatTheServerRejected(t *testing.T) {
	for code, undone := range map[string]bool{
		"22P02": true, "22021": true, "22003": true, "23505": true, "23514": true, "25006": true, "40001": true, "40P01": true,
		"42501": true, "42601": true, "42P01": true, "54000": true, "54001": true, "55P03": true, "57014": true,
		"53300": true, "57P03": true,
		"40003": false, "40000": false, "57P01": false, "57P02": false, "57P05": false, "57000": false, "08006": false, "08P01": false,
		"53100": false, "53200": false, "53400": false, "58030": false, "58P01": false, "F0000": false, "XX000": false, "XX001": false,
		"25P02": false, "25P03": false, "25P04": false, "28000": false, "55000": false, "0A000": false, "P0001": false, "HV000": false,
		"99999": false, "R0001": false, "": false, "2": false,
	} {
		t.Run("SQLSTATE "+code, func(t *testing.T) {
			for severity, certain := range map[string]bool{"ERROR": undone, "FATAL": undone && slices.Contains([]string{"53300", "57P03"}, code), "PANIC": false} {
				if severity == "PANIC" && code != "XX000" {
					continue
				}
				cause := &pgconn.PgError{Code: code, Severity: "of some language", SeverityUnlocalized: severity}
				for _, err := range []error{fault.NewUnavailable(fault.Database, cause), fault.NewInternal("writing an item", cause)} {
					if got := store.NotApplied(err); got != certain {
						t.Errorf("%s: certainly not done: %v, want %v", severity, got, certain)
					}
				}
			}
		})
	}
}

func TestOutcomeOfAWriteThatFailedWithoutAServerError(t *testing.T) {
	for name, test := range map[string]struct {
		err    error
		undone bool
	}{
		"its condition did not hold": {fault.New(fault.Precondition, "changed"), true},
		"the item was missing":       {fault.New(fault.NotFound, "none"), true},
		"it could not begin":         {fault.NewInternal("opening the database", io.EOF), true},
		"the connection was lost":    {fault.NewUnavailable(fault.Database, io.EOF), false},
		"an unknown error":           {io.EOF, false},
		"the session ended with it":  {fault.NewUnavailable(fault.Database, &pgconn.PgError{Code: "22P02", Severity: "FATAL"}), false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := store.NotApplied(test.err); got != test.undone {
				t.Errorf("certainly not done: %v", got)
			}
		})
	}
}

func TestOutcomeOfAWriteThatFailedInTransit(t *testing.T) {
	unreachable := func(config *store.Config) { config.Host, config.Port = "127.0.0.1", 1 }
	for name, test := range map[string]struct {
		change func(*store.Config)
		before func(*testing.T, *store.Store, *faultproxy.Proxy)
		undone bool
	}{
		"its secret cannot be read": {
			change: func(config *store.Config) {
				config.Credentials = func(context.Context) (secrets.Credentials, error) {
					return secrets.Credentials{}, errors.New("throttled")
				}
			}, undone: true,
		},
		"nothing listens": {change: unreachable, undone: true},
		"all connections are in use": {
			change: func(config *store.Config) { config.MaxConns = 1 },
			before: func(t *testing.T, s *store.Store, _ *faultproxy.Proxy) { occupy(t, s) }, undone: true,
		},
		"it was sent and the connection was lost": {
			before: func(t *testing.T, s *store.Store, proxy *faultproxy.Proxy) {
				put(t, s, "a", `1`)
				proxy.Hold()
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if test.change == nil {
				test.change = func(*store.Config) {}
			}
			s, proxy := behind(t, test.change)
			if test.before != nil {
				test.before(t, s, proxy)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Second/2)
			defer cancel()
			_, _, err := s.Put(ctx, "a", json.RawMessage(`2`), store.Condition{})
			isKind(t, fault.Unavailable, err)
			if got := store.NotApplied(err); got != test.undone {
				t.Errorf("certainly not done: %v, want %v: %v", got, test.undone, err)
			}
		})
	}
}

// occupy uses a connection until the test ends.
func occupy(t *testing.T, s *store.Store) {
	t.Helper()
	release, err := s.Occupy(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(release)
}

func TestAnUnreachableDatabaseIsUnavailableWithinTheTimeout(t *testing.T) {
	config := testservices.NewDatabase(t).Config()
	config.Port = 1
	config.Credentials = func(context.Context) (secrets.Credentials, error) {
		return secrets.Credentials{Username: "app", Password: "x"}, nil
	}
	s := open(t, config)
	began := time.Now()
	_, err := s.Get(t.Context(), "a")
	isKind(t, fault.Unavailable, err)
	if took := time.Since(began); took > 4*time.Second {
		t.Fatalf("it took %s", took)
	}
	isKind(t, fault.Unavailable, s.Ping(t.Context()))
}
