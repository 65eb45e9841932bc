package handler_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/client"
	"github.com/didomi/serverless-api/client/transport"
	"github.com/didomi/serverless-api/lambda/store"
)

var lost = wayFault{lost: true}

// The claims of docs/decisions/idempotency.md about PUT and DELETE.
func TestAWriteWhoseResponseIsLostIsDoneOnce(t *testing.T) {
	a := newClientAPI(t, 1<<20)
	mine, other := map[string]int{"n": 1}, map[string]int{"n": 2}
	for name, test := range map[string]struct {
		exists    bool
		write     func(ctx context.Context, id, etag string) error
		faults    []wayFault
		meanwhile json.RawMessage // another client's write, after the first try
		want      error
		body      string // of the item afterwards; empty: there is none
	}{
		"a creation": {
			write: func(ctx context.Context, id, _ string) error {
				return ignore(a.PutItem(ctx, id, mine, client.IfAbsent()))
			},
			faults: []wayFault{lost}, body: `{"n":1}`,
		},
		"a creation that never arrived": {
			write: func(ctx context.Context, id, _ string) error {
				return ignore(a.PutItem(ctx, id, mine, client.IfAbsent()))
			},
			faults: []wayFault{{dropped: true}}, body: `{"n":1}`,
		},
		"a creation in whose place another client's was done": {
			write: func(ctx context.Context, id, _ string) error {
				return ignore(a.PutItem(ctx, id, mine, client.IfAbsent()))
			},
			faults: []wayFault{{status: 502}}, meanwhile: json.RawMessage(`{"n":2}`), want: transport.ErrPrecondition, body: `{"n":2}`,
		},
		"a creation that was only throttled, and then done by another client with the same body": {
			write: func(ctx context.Context, id, _ string) error {
				return ignore(a.PutItem(ctx, id, mine, client.IfAbsent()))
			},
			faults: []wayFault{{status: 429, after: "0"}}, meanwhile: json.RawMessage(`{"n":1}`), want: transport.ErrPrecondition, body: `{"n":1}`,
		},
		"a replacement of one version": {
			exists: true,
			write: func(ctx context.Context, id, etag string) error {
				return ignore(a.PutItem(ctx, id, mine, client.IfUnchanged(etag)))
			},
			faults: []wayFault{lost}, body: `{"n":1}`,
		},
		"a replacement of one version that another client then replaced": {
			exists: true,
			write: func(ctx context.Context, id, etag string) error {
				return ignore(a.PutItem(ctx, id, mine, client.IfUnchanged(etag)))
			},
			faults: []wayFault{lost}, meanwhile: json.RawMessage(`{"n":2}`), want: transport.ErrPrecondition, body: `{"n":2}`,
		},
		"a deletion": {
			exists: true,
			write:  func(ctx context.Context, id, _ string) error { return a.DeleteItem(ctx, id, client.Always()) },
			faults: []wayFault{lost},
		},
		"a deletion of one version": {
			exists: true,
			write: func(ctx context.Context, id, etag string) error {
				return a.DeleteItem(ctx, id, client.IfUnchanged(etag))
			},
			faults: []wayFault{lost},
		},
		"a deletion of one version that another client has created again": {
			exists: true,
			write: func(ctx context.Context, id, etag string) error {
				return a.DeleteItem(ctx, id, client.IfUnchanged(etag))
			},
			faults: []wayFault{lost}, meanwhile: json.RawMessage(`{"n":2}`), want: transport.ErrPrecondition, body: `{"n":2}`,
		},
		"a deletion of nothing": {
			write: func(ctx context.Context, id, _ string) error { return a.DeleteItem(ctx, id, client.Always()) },
			want:  transport.ErrNotFound,
		},
		"a write that always fails": {
			write: func(ctx context.Context, id, _ string) error {
				return ignore(a.PutItem(ctx, id, mine, client.Always()))
			},
			faults: []wayFault{{status: 503, after: "0"}, {status: 503, after: "0"}, {status: 503, after: "0"}, {status: 503, after: "0"}}, want: transport.ErrUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			id, etag := strings.ToLower(rand.Text()), ""
			if test.exists {
				item, err := a.PutItem(t.Context(), id, other, client.Always())
				if err != nil {
					t.Fatal(err)
				}
				etag = item.ETag
			}
			if test.meanwhile != nil {
				test.faults[0] = meanwhile(t, a, id, test.faults[0], test.meanwhile)
			}
			a.api.faults = map[string][]wayFault{http.MethodPut: test.faults, http.MethodDelete: test.faults}
			if err := test.write(t.Context(), id, etag); !errors.Is(err, test.want) {
				t.Errorf("error %v, want %v", err, test.want)
			}
			now, err := a.Item(t.Context(), id)
			if got := string(now.Body); err != nil && !errors.Is(err, transport.ErrNotFound) || got != test.body {
				t.Errorf("the item is %s %v, want %q", got, err, test.body)
			}
		})
	}
}

// meanwhile is f with another client's write after it. A fault with a status does not serve the client's own request.
func meanwhile(t *testing.T, a *clientAPI, id string, f wayFault, body json.RawMessage) wayFault {
	write := func() {
		if _, _, err := a.items.Put(context.WithoutCancel(t.Context()), id, body, store.Condition{}); err != nil {
			t.Error(err)
		}
	}
	f.meanwhile = write
	return f
}

func ignore[T any](_ T, err error) error { return err }

func TestAClientReadsItems(t *testing.T) {
	a := newClientAPI(t, 1<<20)
	const count = 25
	prefix := strings.ToLower(rand.Text())
	for i := range count {
		if _, err := a.PutItem(t.Context(), fmt.Sprintf("%s-%02d", prefix, i), map[string]any{"n": json.Number("1.10")}, client.IfAbsent()); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("all pages are one list, also when a response breaks off and a request is throttled", func(t *testing.T) {
		a.api.faults = map[string][]wayFault{"GET /items?": {{}, {cutAt: 20}, {status: 429, after: "0"}}}
		seen := 0
		for item, err := range a.Items(t.Context(), 10) {
			if err != nil {
				t.Fatal(err)
			}
			if want := fmt.Sprintf("%s-%02d", prefix, seen); item.Id != want || string(item.Body) != `{"n":1.10}` {
				t.Errorf("item %d is %s %s, want %s", seen, item.Id, item.Body, want)
			}
			seen++
		}
		if asked := a.api.count("GET /items?"); seen != count || asked != 5 {
			t.Errorf("%d items in %d requests, want %d in 5", seen, asked, count)
		}
	})
	t.Run("a list that is left is not read on", func(t *testing.T) {
		before := a.api.count("GET /items?")
		for _, err := range a.Items(t.Context(), 10) {
			if err != nil {
				t.Error(err)
			}
			break
		}
		if asked := a.api.count("GET /items?") - before; asked != 1 {
			t.Errorf("%d requests, want 1", asked)
		}
	})
	t.Run("a list ends with its error", func(t *testing.T) {
		var all []error
		for _, err := range a.Items(t.Context(), 101) {
			all = append(all, err)
		}
		problem := new(transport.Problem)
		if len(all) != 1 || !errors.As(all[0], &problem) || problem.Status != http.StatusBadRequest || problem.RequestID != "request-1" {
			t.Errorf("errors %v, want one of status 400 with the request's id", all)
		}
	})
	t.Run("an item that the caller has is not sent again", func(t *testing.T) {
		item, err := a.Item(t.Context(), prefix+"-00")
		if err != nil {
			t.Fatal(err)
		}
		if _, changed, err := a.ItemIfChanged(t.Context(), item.Id, item.ETag); changed || err != nil {
			t.Errorf("changed %t, error %v", changed, err)
		}
		written, err := a.PutItem(t.Context(), item.Id, 2, client.IfUnchanged(item.ETag))
		if err != nil {
			t.Fatal(err)
		}
		now, changed, err := a.ItemIfChanged(t.Context(), item.Id, item.ETag)
		var n int
		if !changed || err != nil || now.Decode(&n) != nil || n != 2 || now.ETag != written.ETag {
			t.Errorf("changed %t to %+v, error %v", changed, now, err)
		}
	})
	t.Run("a condition without a version is rejected", func(t *testing.T) {
		before := len(a.api.asked)
		for _, err := range []error{
			ignore(a.PutItem(t.Context(), prefix, 1, client.IfUnchanged(""))), a.DeleteItem(t.Context(), prefix, client.IfUnchanged("")),
		} {
			if err == nil || !strings.Contains(err.Error(), "ETag is empty") || len(a.api.asked) != before {
				t.Errorf("error %v after %d requests", err, len(a.api.asked)-before)
			}
		}
	})
}
