package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	soakRate    = 60 // requests a second at most: a plan allows 50, and a method of a stack without plans 100
	soakClients = 12
	soakItems   = 60 // of a writer each
	soakListed  = 25 // items that are not written during the test: each list has each of them once
	soakFiles   = 6  // of 16 KiB to 16 MiB
	soakShown   = 20 // mistakes of a kind; more are counted
)

// soakLoad sends requests, and compares each response with what was acknowledged before the request.
type soakLoad struct {
	t      *testing.T
	out    outputs
	prefix string
	phase  atomic.Pointer[phase]
	// end ends the clients and waits for them, also if the test fails before its end.
	end func()

	items []*soakItem
	files []soakFile

	requests, failed, unexpected, wrong, lost, stale atomic.Int64
	// cacheBack is when the last fault of the cache ended, and longestStale how long after that an older version was read.
	cacheBack, longestStale atomic.Int64
}

// soakFile is an uploaded file.
type soakFile struct {
	path   string
	digest [sha256.Size]byte
}

// startSoakLoad creates what the clients read and starts them.
func startSoakLoad(t *testing.T, out outputs) *soakLoad {
	t.Helper()
	l := &soakLoad{t: t, out: out, prefix: "soak-" + strconv.FormatInt(time.Now().Unix(), 36) + "-"}
	l.phase.Store(&phase{name: "before the first disturbance"})
	for i := range soakListed {
		expect(t, out, http.MethodPut, l.listed(i), `{"n":0}`, http.StatusCreated)
	}
	for i := range soakFiles {
		key, content := storeFile(t, out, 1<<(14+i*2))
		l.files = append(l.files, soakFile{"/files/" + key, sha256.Sum256(content)})
	}
	for i := range soakItems {
		l.items = append(l.items, &soakItem{id: l.prefix + strconv.Itoa(i)})
	}
	turns, ended := time.NewTicker(time.Second/soakRate), make(chan struct{})
	var clients sync.WaitGroup
	l.end = sync.OnceFunc(func() {
		turns.Stop()
		close(ended)
		clients.Wait()
	})
	t.Cleanup(l.end)
	for range soakClients {
		clients.Go(func() {
			for {
				select {
				case <-ended:
					return
				case <-turns.C:
					l.once()
				}
			}
		})
	}
	return l
}

func (l *soakLoad) listed(i int) string { return fmt.Sprintf("/items/%slisted-%02d", l.prefix, i) }

// once sends one request, or the requests of one list.
func (l *soakLoad) once() {
	item := l.items[rand.IntN(len(l.items))]
	switch chance := rand.IntN(100); {
	case chance < 60:
		l.read(item)
	case chance < 94:
		l.write(item)
	case chance < 97:
		l.list()
	default:
		l.download(l.files[rand.IntN(len(l.files))])
	}
}

// send sends a request. ok is false if it failed: then nothing can be said of its response.
func (l *soakLoad) send(method, path, body string) (got response, ok bool) {
	req, err := http.NewRequest(method, l.out.URL+path, strings.NewReader(body))
	if err != nil {
		l.t.Error(err)
		return response{}, false
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return l.do(authenticated(l.out, req))
}

// do sends a request, to the API or to S3.
func (l *soakLoad) do(req *http.Request) (got response, ok bool) {
	began := l.phase.Load()
	l.requests.Add(1)
	got, err := roundTrip(req)
	if err == nil && got.status < 500 && got.status != http.StatusTooManyRequests {
		return got, true
	}
	l.failed.Add(1)
	if now := l.phase.Load(); !began.fault && !now.fault && l.unexpected.Add(1) <= soakShown {
		l.t.Errorf("%s: %s %s failed during %q: %d %.300s %v", time.Now().Format(time.TimeOnly), req.Method, req.URL.Path, now.name, got.status, got.body, err)
	}
	return got, false
}

// disagree reports a wrong response.
func (l *soakLoad) disagree(format string, args ...any) {
	if l.wrong.Add(1) <= soakShown {
		l.t.Errorf("%s during %q: "+format, append([]any{time.Now().Format(time.TimeOnly), l.phase.Load().name}, args...)...)
	}
}

// list reads all pages and compares the items that are not written.
func (l *soakLoad) list() {
	var found []string
	for path := "/items?limit=40"; path != ""; {
		got, ok := l.send(http.MethodGet, path, "")
		if !ok {
			return
		}
		var page struct {
			Items []struct {
				ID string `json:"id"`
			} `json:"items"`
			Next string `json:"next_cursor"`
		}
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != http.StatusOK {
			l.disagree("GET %s: %d %.300s, %v", path, got.status, got.body, err)
			return
		}
		for _, item := range page.Items {
			if strings.HasPrefix(item.ID, l.prefix+"listed-") {
				found = append(found, "/items/"+item.ID)
			}
		}
		if path = ""; page.Next != "" {
			path = "/items?limit=40&cursor=" + page.Next
		}
	}
	slices.Sort(found)
	for i := range soakListed {
		if len(found) != soakListed || found[i] != l.listed(i) {
			l.disagree("the pages have %v, want each of %d items once", found, soakListed)
			return
		}
	}
}

// download reads a file, which follows a redirect to S3 if the file is large.
func (l *soakLoad) download(file soakFile) {
	got, ok := l.send(http.MethodGet, file.path, "")
	if !ok {
		return
	}
	if location := got.header.Get("Location"); got.status == http.StatusTemporaryRedirect || got.status == http.StatusFound {
		req, err := http.NewRequest(http.MethodGet, location, nil)
		if err != nil {
			l.disagree("Location %q: %v", location, err)
			return
		}
		if got, ok = l.do(req); !ok {
			return
		}
	}
	if digest := sha256.Sum256([]byte(got.body)); got.status != http.StatusOK || !bytes.Equal(digest[:], file.digest[:]) {
		l.disagree("GET %s: %d, %d bytes that are not those of the file", file.path, got.status, len(got.body))
	}
}

// summary is one line on what was sent so far.
func (l *soakLoad) summary() string {
	return fmt.Sprintf("%d requests, %d failed during faults, %d failed otherwise, %d wrong responses, %d lost writes; %d reads of a version before a write without cache, the last %s after the fault",
		l.requests.Load(), l.failed.Load()-l.unexpected.Load(), l.unexpected.Load(), l.wrong.Load(), l.lost.Load(), l.stale.Load(),
		time.Duration(l.longestStale.Load()).Round(100*time.Millisecond))
}

// stop ends the clients and reads every item once more, in the API and in the database.
func (l *soakLoad) stop(t *testing.T) {
	t.Helper()
	l.end()
	for _, item := range l.items {
		l.confirm(t, item)
	}
	t.Log(l.summary())
}
