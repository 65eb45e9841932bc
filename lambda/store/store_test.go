package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/secrets"
	"github.com/didomi/serverless-api/lambda/store"
)

func put(t *testing.T, s *store.Store, id, body string) store.Item {
	t.Helper()
	item, _, err := s.Put(t.Context(), id, json.RawMessage(body), store.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	return item
}

func isKind(t *testing.T, want fault.Kind, err error) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Fatalf("got %v, want a fault of kind %s", err, want)
	}
}

func TestPutAndGet(t *testing.T) {
	s := testservices.NewDatabase(t).Store(t)
	bodies := map[string]string{
		"object":          `{"b": 1, "a": [true, null]}`,
		"text":            `"quote \" and \u0000 and é"`,
		"large-number":    `123456789012345678901234567890.123456789`,
		"duplicate-names": `{"a":1,"a":2}`,
		"longest":         `"` + strings.Repeat("x", 256<<10-2) + `"`,
		"deep":            strings.Repeat("[", 1000) + strings.Repeat("]", 1000),
	}
	for id, body := range bodies {
		t.Run("keeps every byte of "+id, func(t *testing.T) {
			written, created, err := s.Put(t.Context(), id, json.RawMessage(body), store.Condition{})
			if err != nil || !created {
				t.Fatalf("created %v, %v", created, err)
			}
			readCall, err := s.Get(t.Context(), id)
			if err != nil || string(readCall.Body) != body || readCall.Revision != written.Revision || !readCall.UpdatedAt.Equal(written.UpdatedAt) {
				t.Fatalf("wrote %+.80v, read %+.80v, %v", written, readCall, err)
			}
		})
	}
	t.Run("has no item that was not written", func(t *testing.T) {
		_, err := s.Get(t.Context(), "missing")
		isKind(t, fault.NotFound, err)
	})
	t.Run("rejects what is not JSON", func(t *testing.T) {
		_, _, err := s.Put(t.Context(), "bad", json.RawMessage(`{`), store.Condition{})
		isKind(t, fault.Invalid, err)
	})
}

func TestEveryWriteHasItsOwnRevisionAndTime(t *testing.T) {
	s := testservices.NewDatabase(t).Store(t)
	last, seen := time.Time{}, map[string]bool{}
	for i := range 50 {
		item, created, err := s.Put(t.Context(), "a", json.RawMessage(`1`), store.Condition{})
		if err != nil || created != (i == 0) || seen[item.Revision] || !item.UpdatedAt.After(last) {
			t.Fatalf("write %d: %+v, created %v, %v", i, item, created, err)
		}
		last, seen[item.Revision] = item.UpdatedAt, true
	}
	if err := s.Delete(t.Context(), "a", store.Condition{}); err != nil {
		t.Fatal(err)
	}
	if item := put(t, s, "a", `1`); seen[item.Revision] {
		t.Fatal("a revision was reused after a delete")
	}
}

func TestConditionsOfAWrite(t *testing.T) {
	s := testservices.NewDatabase(t).Store(t)
	tests := map[string]struct {
		there     bool
		condition func(now store.Item) store.Condition
		want      fault.Kind // of Put; empty: it works
		deleted   fault.Kind // of Delete
	}{
		"the revision that is there":   {there: true, condition: func(now store.Item) store.Condition { return store.Condition{Revisions: []string{"x", now.Revision}} }},
		"another revision":             {there: true, condition: revisions("x"), want: fault.Precondition, deleted: fault.Precondition},
		"no revision at all":           {there: true, condition: revisions(), want: fault.Precondition, deleted: fault.Precondition},
		"a revision of a missing item": {condition: revisions("x"), want: fault.Precondition, deleted: fault.NotFound},
		"any that is there":            {there: true, condition: func(store.Item) store.Condition { return store.Condition{MustExist: true} }},
		"any that is missing":          {condition: func(store.Item) store.Condition { return store.Condition{MustExist: true} }, want: fault.Precondition, deleted: fault.NotFound},
		"none, and there is one":       {there: true, condition: func(store.Item) store.Condition { return store.Condition{MustNotExist: true} }, want: fault.Precondition, deleted: fault.Precondition},
		"none, and there is none":      {condition: func(store.Item) store.Condition { return store.Condition{MustNotExist: true} }, deleted: fault.NotFound},
		"another than the one there": {there: true, condition: func(now store.Item) store.Condition {
			return store.Condition{NotRevisions: []string{"x", now.Revision}}
		}, want: fault.Precondition, deleted: fault.Precondition},
		"another than one gone by":   {there: true, condition: func(store.Item) store.Condition { return store.Condition{NotRevisions: []string{"x"}} }},
		"another, and there is none": {condition: func(store.Item) store.Condition { return store.Condition{NotRevisions: []string{"x"}} }, deleted: fault.NotFound},
		"one that is there and none": {there: true, condition: func(now store.Item) store.Condition {
			return store.Condition{Revisions: []string{now.Revision}, MustNotExist: true}
		}, want: fault.Precondition, deleted: fault.Precondition},
		"one that is missing and none": {condition: func(store.Item) store.Condition { return store.Condition{Revisions: []string{"x"}, MustNotExist: true} }, want: fault.Precondition, deleted: fault.NotFound},
		"any there but the one there": {there: true, condition: func(now store.Item) store.Condition {
			return store.Condition{MustExist: true, NotRevisions: []string{now.Revision}}
		}, want: fault.Precondition, deleted: fault.Precondition},
		"any there but one gone by": {there: true, condition: func(store.Item) store.Condition { return store.Condition{MustExist: true, NotRevisions: []string{"x"}} }},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_ = s.Delete(t.Context(), "a", store.Condition{})
			now := store.Item{}
			if test.there {
				now = put(t, s, "a", `"old"`)
			}
			deleted := s.Delete(t.Context(), "a", test.condition(now))
			expect(t, test.deleted, deleted)
			if test.there {
				now = put(t, s, "a", `"old"`)
			}
			_, _, err := s.Put(t.Context(), "a", json.RawMessage(`"new"`), test.condition(now))
			expect(t, test.want, err)
		})
	}
}

func revisions(all ...string) func(store.Item) store.Condition {
	return func(store.Item) store.Condition {
		return store.Condition{Revisions: append([]string{}, all...)}
	}
}

func expect(t *testing.T, want fault.Kind, err error) {
	t.Helper()
	if want == "" && err != nil {
		t.Fatal(err)
	}
	if want != "" {
		isKind(t, want, err)
	}
}

func TestOneOfManyConcurrentWritesCreatesAnItem(t *testing.T) {
	s := testservices.NewDatabase(t).Store(t)
	var mu sync.Mutex
	var created int
	var writers sync.WaitGroup
	for range 20 {
		writers.Go(func() {
			_, first, err := s.Put(t.Context(), "a", json.RawMessage(`1`), store.Condition{MustNotExist: true})
			mu.Lock()
			defer mu.Unlock()
			if err == nil && first {
				created++
			} else if fault.KindOf(err) != fault.Precondition {
				t.Errorf("created %v, %v", first, err)
			}
		})
	}
	writers.Wait()
	if created != 1 {
		t.Fatalf("%d created it", created)
	}
}

func TestList(t *testing.T) {
	s := testservices.NewDatabase(t).Store(t)
	for i := range 10 {
		put(t, s, fmt.Sprintf("i%d", i), `"`+strings.Repeat("x", 98)+`"`)
	}
	put(t, s, "I", `0`)
	tests := map[string]struct {
		after           string
		limit, maxBytes int
		want            string
		more            bool
	}{
		"the first page, in the order of bytes": {limit: 3, maxBytes: 1000, want: "I i0 i1", more: true},
		"a page after an id":                    {after: "i1", limit: 3, maxBytes: 1000, want: "i2 i3 i4", more: true},
		"a page after an id that is missing":    {after: "i1x", limit: 1, maxBytes: 1000, want: "i2", more: true},
		"the last page, full":                   {after: "i6", limit: 3, maxBytes: 1000, want: "i7 i8 i9"},
		"the last page, not full":               {after: "i7", limit: 3, maxBytes: 1000, want: "i8 i9"},
		"an empty page after the last":          {after: "i9", limit: 3, maxBytes: 1000, want: ""},
		"a page cut by bytes":                   {after: "i0", limit: 5, maxBytes: 299, want: "i1 i2", more: true},
		"one item however long it is":           {after: "i0", limit: 5, maxBytes: 10, want: "i1", more: true},
		"the last page, cut by bytes":           {after: "i7", limit: 5, maxBytes: 150, want: "i8", more: true},
		"a page of the very bytes":              {after: "i0", limit: 5, maxBytes: 300, want: "i1 i2 i3", more: true},
		"all items, one more than ten":          {limit: 100, maxBytes: 2000, want: "I i0 i1 i2 i3 i4 i5 i6 i7 i8 i9"},
		"ten of them":                           {limit: 10, maxBytes: 2000, want: "I i0 i1 i2 i3 i4 i5 i6 i7 i8", more: true},
		"ten of them by bytes":                  {limit: 100, maxBytes: 901, want: "I i0 i1 i2 i3 i4 i5 i6 i7 i8", more: true},
		"nine of them by bytes":                 {limit: 100, maxBytes: 900, want: "I i0 i1 i2 i3 i4 i5 i6 i7", more: true},
		"all of them by bytes":                  {limit: 100, maxBytes: 1001, want: "I i0 i1 i2 i3 i4 i5 i6 i7 i8 i9"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			page, err := s.List(t.Context(), test.after, test.limit, test.maxBytes)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, item := range page.Items {
				ids = append(ids, item.ID)
			}
			if got := strings.Join(ids, " "); got != test.want || page.More != test.more {
				t.Fatalf("got %q, more %v", got, page.More)
			}
		})
	}
}

func TestARotatedPasswordIsReadAgain(t *testing.T) {
	d := testservices.NewDatabase(t)
	d.Migrate(t)
	right, err := secrets.New(func() secrets.API { return d.Secrets }).Get(t.Context(), testservices.AppSecret)
	if err != nil {
		t.Fatal(err)
	}
	vault := secrets.New(func() secrets.API { return d.Secrets })
	d.Secrets.Set(testservices.AppSecret, secrets.Credentials{Username: right.Username, Password: "old"})
	if _, err := vault.Get(t.Context(), testservices.AppSecret); err != nil {
		t.Fatal(err)
	}
	d.Secrets.Set(testservices.AppSecret, right)
	config := d.Config()
	config.Credentials = func(ctx context.Context) (secrets.Credentials, error) { return vault.Get(ctx, testservices.AppSecret) }
	config.OnAuthFailure = func(used secrets.Credentials) { vault.Invalidate(testservices.AppSecret, used) }
	s := store.Open(config)
	t.Cleanup(s.Close)
	put(t, s, "a", `1`)
}

func TestABrokenConnectionIsReplacedForReads(t *testing.T) {
	d := testservices.NewDatabase(t)
	s := d.Store(t)
	put(t, s, "a", `1`)
	admin, err := pgx.ConnectConfig(t.Context(), d.Admin)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close(t.Context()) }()
	for range 5 {
		if _, err := admin.Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app' AND datname = current_database()`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNothingPinsASession(t *testing.T) {
	d := testservices.NewDatabase(t)
	config := d.Config()
	config.MaxConns = 1
	d.Migrate(t)
	s := store.Open(config)
	t.Cleanup(s.Close)
	put(t, s, "a", `1`)
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.List(t.Context(), "", 10, 1000); err != nil {
		t.Fatal(err)
	}
	prepared, locks, err := s.SessionState(t.Context())
	if err != nil || prepared != 0 || locks != 0 {
		t.Fatalf("the session has %d prepared statements and %d advisory locks, %v", prepared, locks, err)
	}
}
