package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// soakItem is an item with one writer at a time. Its versions are numbered, and each seventh is a deletion. A read that
// begins after version n was acknowledged has n or a later version, and none that was not sent yet when it ends. The
// bounded exception of docs/explanation/cache-consistency.md: after writes whose invalidation may not have reached the
// cache, a version from the last write before them on may be read.
type soakItem struct {
	id                                   string
	writer                               sync.Mutex
	acknowledged, invalidated, attempted atomic.Int64
}

func (i *soakItem) path() string { return "/items/" + i.id }

func deletion(version int64) bool { return version%7 == 0 }

// write sends the next version. One whose request failed may or may not be there.
func (l *soakLoad) write(i *soakItem) {
	if !i.writer.TryLock() {
		return
	}
	defer i.writer.Unlock()
	next := i.attempted.Add(1)
	method, body := http.MethodPut, fmt.Sprintf(`{"id":%q,"n":%d}`, i.id, next)
	if deletion(next) {
		method, body = http.MethodDelete, ""
	}
	began := l.phase.Load()
	got, ok := l.send(method, i.path(), body)
	switch {
	case !ok:
	case method == http.MethodPut && (got.status == http.StatusOK || got.status == http.StatusCreated),
		method == http.MethodDelete && (got.status == http.StatusNoContent || got.status == http.StatusNotFound):
		i.acknowledged.Store(next)
		if !began.cache && !l.phase.Load().cache {
			i.invalidated.Store(next)
		}
	default:
		l.disagree("%s %s: %d %.300s", method, i.path(), got.status, got.body)
	}
}

// read compares an item with its versions.
func (l *soakLoad) read(i *soakItem) {
	invalidated, least := i.invalidated.Load(), i.acknowledged.Load()
	got, ok := l.send(http.MethodGet, i.path(), "")
	if !ok {
		return
	}
	switch most := i.attempted.Load(); {
	case i.allows(got, least, most):
	case i.allows(got, invalidated, most):
		l.stale.Add(1)
		after := time.Now().UnixNano() - l.cacheBack.Load()
		for longest := l.longestStale.Load(); after > longest && !l.longestStale.CompareAndSwap(longest, after); longest = l.longestStale.Load() {
		}
	default:
		l.disagree("GET %s: %d %.300s (X-Cache %s), want a version from %d to %d", i.path(), got.status, got.body, got.header.Get("X-Cache"), least, most)
	}
}

// allows reports whether a response has one of these versions. Version 0 is that of an item before its first write.
func (i *soakItem) allows(got response, least, most int64) bool {
	if got.status == http.StatusNotFound {
		return most/7*7 >= least // a deletion is among them
	}
	var item struct {
		ID   string
		Body struct {
			ID string
			N  int64
		}
	}
	err := json.Unmarshal([]byte(got.body), &item)
	return err == nil && got.status == http.StatusOK && item.ID == i.id && item.Body.ID == i.id &&
		item.Body.N >= least && item.Body.N <= most && !deletion(item.Body.N)
}

// confirm compares the API's and the database's version of an item after the last write.
func (l *soakLoad) confirm(t *testing.T, i *soakItem) {
	t.Helper()
	least, most := i.acknowledged.Load(), i.attempted.Load()
	if got := request(t, l.out, http.MethodGet, i.path(), ""); !i.allows(got, least, most) {
		l.lost.Add(1)
		t.Errorf("GET %s after the last write: %d %.300s, want a version from %d to %d", i.path(), got.status, got.body, least, most)
	}
	row := soakRow(t, l.out, i)
	if !i.allows(row, least, most) {
		l.lost.Add(1)
		t.Errorf("the row of %s after the last write: %d %.300s, want a version from %d to %d", i.id, row.status, row.body, least, most)
	}
}

// soakRow reads an item's row, as a response.
func soakRow(t *testing.T, out outputs, i *soakItem) response {
	t.Helper()
	username, password := login(t, out, functionEnvironment(t, out)["DB_SECRET_ARN"])
	conn, err := connectDatabase(t, out, username, password)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	var body string
	err = conn.QueryRow(t.Context(), "SELECT json_build_object('id', id, 'body', body) FROM items WHERE id = $1", i.id).Scan(&body)
	if errors.Is(err, pgx.ErrNoRows) {
		return response{status: http.StatusNotFound}
	}
	if err != nil {
		t.Fatal(err)
	}
	return response{status: http.StatusOK, body: body}
}
