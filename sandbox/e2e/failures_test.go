package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/lambda/telemetry"
)

// TestFailureModes is the part of TestEndToEnd that reproduces the page of failure modes.
func TestFailureModes(t *testing.T) {
	ownSandbox(t)
	dev := up(t, "dev")
	checkFailures(t, dev, up(t, "prod"))
	checkKilledServers(t, dev)
	checkRefresh(t, dev)
}

// failureCases has a test of each row of docs/reference/failure-modes.md, by the row's first column. Rows of a group share
// parts of a stack, so they run one after another; groups run concurrently. prod has an RDS proxy and three shards.
var failureCases = map[string]map[string]func(t *testing.T, dev, prod outputs){
	"the items of dev": {
		"Redis down":                               func(t *testing.T, dev, _ outputs) { cacheFails(t, dev, "down") },
		"Redis silent or slow":                     func(t *testing.T, dev, _ outputs) { cacheFails(t, dev, "slow", "--latency", silent) },
		"database's secret rotated under load":     func(t *testing.T, dev, _ outputs) { databaseSecretRotated(t, dev) },
		"cache's secret rotated":                   func(t *testing.T, dev, _ outputs) { cacheSecretRotated(t, dev) },
		"deadline near, Redis and database silent": func(t *testing.T, dev, _ outputs) { bothSilent(t, dev) },
	},
	"the items of prod, and short throttling": {
		"S3 throttles briefly":                   func(t *testing.T, _, prod outputs) { filesThrottled(t, prod) },
		"failover of a shard":                    func(t *testing.T, _, prod outputs) { cacheFailsOver(t, prod) },
		"shards gone, one of three in the test":  func(t *testing.T, _, prod outputs) { shardGone(t, prod) },
		"database down":                          func(t *testing.T, _, prod outputs) { databaseFails(t, prod, "down") },
		"database silent":                        func(t *testing.T, _, prod outputs) { databaseFails(t, prod, "slow", "--latency", silent) },
		"database out of connections":            func(t *testing.T, _, prod outputs) { databaseFails(t, prod, "full") },
		"database fails over: connections reset": func(t *testing.T, _, prod outputs) { databaseFailsOver(t, prod) },
		"database read-only":                     func(t *testing.T, _, prod outputs) { databaseReadOnly(t, prod) },
		"the item's row is locked for long":      func(t *testing.T, _, prod outputs) { rowLocked(t, prod) },
	},
	"the files of dev": {
		"S3 throttles for long, or is silent":        func(t *testing.T, dev, _ outputs) { filesFail(t, dev) },
		"S3 slow":                                    func(t *testing.T, dev, _ outputs) { filesSlow(t, dev) },
		"object deleted or replaced during a stream": func(t *testing.T, dev, _ outputs) { objectDeleted(t, dev) },
	},
}

// silent is a latency above every timeout of the function.
const silent = "5m"

// checkFailures reproduces each row of the page, from the outside, and compares what the function logs and counts.
func checkFailures(t *testing.T, dev, prod outputs) {
	t.Helper()
	page := pageRows(t)
	checkFailureRows(t, page)
	checkFailCommand(t, dev)
	t.Run("groups", func(t *testing.T) {
		for group, cases := range failureCases {
			t.Run(group, func(t *testing.T) {
				t.Parallel()
				out := dev
				if strings.Contains(group, "of prod") {
					out = prod
				}
				for _, row := range slices.Sorted(maps.Keys(cases)) {
					t.Run(row, func(t *testing.T) {
						log := followFunctionLog(t, out)
						cases[row](t, dev, prod)
						log.check(t, out, page[row])
					})
				}
			})
		}
	})
	if printed := mustRun(t, time.Minute, "fail"); !strings.HasPrefix(printed, "nothing fails") {
		t.Errorf("after the last row: %s", printed)
	}
}

// checkFailureRows checks that each row of the page has a test, and each test a row.
func checkFailureRows(t *testing.T, page map[string]pageRow) {
	t.Helper()
	var tested []string
	for _, cases := range failureCases {
		tested = slices.AppendSeq(tested, maps.Keys(cases))
	}
	slices.Sort(tested)
	if rows := slices.Sorted(maps.Keys(page)); !slices.Equal(rows, tested) {
		t.Errorf("docs/reference/failure-modes.md has the rows\n%s\nand the tests are of\n%s", strings.Join(rows, "\n"), strings.Join(tested, "\n"))
	}
}

// checkFailCommand checks what the command rejects and shows, and that deployments are not affected.
func checkFailCommand(t *testing.T, out outputs) {
	t.Helper()
	for _, c := range []struct {
		args, want []string
	}{
		{[]string{"--part", "disk", "--how", "gone"}, []string{"PART=disk: must be one of database, cache, files, secrets", "HOW=gone: must be one of down, slow, half, full, ok"}},
		{[]string{"--part", "cache", "--how", "down", "--stack", "none"}, []string{"STACK=none is not deployed"}},
	} {
		printed, code := run(t, time.Minute, append([]string{"fail"}, c.args...)...)
		for _, want := range c.want {
			if code == 0 || !strings.Contains(printed, want) {
				t.Errorf("fail %v: exit %d, %s, want %q", c.args, code, printed, want)
			}
		}
	}
	for _, part := range []string{"database", "cache", "files", "secrets"} {
		failPart(t, out, part, "down")
	}
	if printed := mustRun(t, time.Minute, "status"); strings.Count(printed, "FAILING") != 4 || !strings.Contains(printed, "database of stack dev is down since ") {
		t.Errorf("status with four faults:\n%s", printed)
	}
	checkRefresh(t, out)
	mustRun(t, time.Minute, "fail", "--stack", out.Stack, "--how", "ok")
	recovers(t, "the stack", func() bool {
		got := request(t, out, http.MethodGet, "/health/details", "")
		return got.status == http.StatusOK && strings.Count(got.body, `"status":"ok"`) >= 3
	})
}

// failPart starts a fault. It ends with the test.
func failPart(t *testing.T, out outputs, part, how string, more ...string) {
	t.Helper()
	mustRun(t, time.Minute, append([]string{"fail", "--stack", out.Stack, "--part", part, "--how", how}, more...)...)
	t.Cleanup(func() { run(t, time.Minute, "fail", "--stack", out.Stack, "--part", part, "--how", "ok") })
}

func endFault(t *testing.T, out outputs, part string) {
	t.Helper()
	mustRun(t, time.Minute, "fail", "--stack", out.Stack, "--part", part, "--how", "ok")
}

// recovers waits until the stack works again and logs how long it took: 2 s at most on a machine that is not busy.
func recovers(t *testing.T, what string, works func() bool) {
	t.Helper()
	began := time.Now()
	for !works() {
		if time.Since(began) > time.Minute {
			t.Fatalf("%s does not recover", what)
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Logf("recovery of %s: %s", what, time.Since(began).Round(time.Millisecond))
}

// expect sends a request and checks status and X-Cache. It returns the response.
func expect(t *testing.T, out outputs, method, path, body string, status int, xCache ...string) response {
	t.Helper()
	got := request(t, out, method, path, body)
	cache := got.header.Get("X-Cache")
	if got.status != status || len(xCache) > 0 && !slices.Contains(xCache, cache) {
		t.Errorf("%s %s: %d, X-Cache %q, want %d %v\n%s", method, path, got.status, cache, status, xCache, got.body)
	}
	if status == http.StatusServiceUnavailable {
		checkUnavailable(t, method+" "+path, got)
	}
	return got
}

// checkUnavailable checks that a response tells clients to come back, as problem+json without internals.
func checkUnavailable(t *testing.T, what string, got response) {
	t.Helper()
	var problem struct {
		Title, Detail string
		Status        int
		RequestID     string `json:"request_id"`
	}
	err := json.Unmarshal([]byte(got.body), &problem)
	if err != nil || problem.Status != http.StatusServiceUnavailable ||
		problem.Title != "Service Unavailable" || !strings.Contains(problem.Detail, "is not responding at the moment") || problem.RequestID == "" ||
		!strings.HasPrefix(got.header.Get("Content-Type"), "application/problem+json") || got.header.Get("Retry-After") == "" {
		t.Errorf("%s: Content-Type %q, Retry-After %q, %s", what, got.header.Get("Content-Type"), got.header.Get("Retry-After"), got.body)
	}
}

// cachedItem creates an item and caches it. Its name is new, so that no earlier row affects it.
func cachedItem(t *testing.T, out outputs) string {
	t.Helper()
	path := newItem()
	expect(t, out, http.MethodPut, path, `1`, http.StatusCreated)
	recovers(t, "the cache before the fault", func() bool {
		return request(t, out, http.MethodGet, path, "").header.Get("X-Cache") == "hit"
	})
	return path
}

// newItem is the path of an item that no request has had.
func newItem() string { return "/items/e2e-fail-" + rand.Text()[:12] }

// cacheFails checks that the database serves reads and writes instead.
func cacheFails(t *testing.T, out outputs, how string, more ...string) {
	path := cachedItem(t, out)
	failPart(t, out, "cache", how, more...)
	expect(t, out, http.MethodGet, path, "", http.StatusOK, "bypass")
	expect(t, out, http.MethodPut, path, `2`, http.StatusOK)
	if got := expect(t, out, http.MethodGet, path, "", http.StatusOK, "bypass"); !strings.Contains(got.body, `"body":2`) {
		t.Errorf("after the write: %s", got.body)
	}
	endFault(t, out, "cache")
	cacheRecovers(t, out)
}

// cacheRecovers waits until no execution environment bypasses the cache for a second. Each has circuit breakers of its own,
// which call Redis a second after the last failure, and connections that the fault has ended. Requests at once reach several.
func cacheRecovers(t *testing.T, out outputs) {
	t.Helper()
	const concurrent = 3
	bypassed := time.Now()
	recovers(t, "the cache", func() bool {
		results := make(chan string, concurrent)
		for range concurrent {
			req, err := http.NewRequest(http.MethodGet, out.URL+newItem(), nil)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				got, _ := roundTrip(authenticated(out, req)) // an error has no header
				results <- got.header.Get("X-Cache")
			}()
		}
		for range concurrent {
			if <-results != "miss" {
				bypassed = time.Now()
			}
		}
		return time.Since(bypassed) > time.Second
	})
}

// manyItems is a number of items that are in every one of three shards.
const manyItems = 12

// cachedItems creates and caches that many items and returns their paths.
func cachedItems(t *testing.T, out outputs) (paths []string) {
	t.Helper()
	for range manyItems {
		paths = append(paths, cachedItem(t, out))
	}
	return paths
}

// allHit waits until all items come from the cache again, and reads each once then: a plan allows 50 requests a second.
func allHit(t *testing.T, out outputs, paths []string) {
	t.Helper()
	recovers(t, "the cache", func() bool {
		for len(paths) > 0 && expect(t, out, http.MethodGet, paths[0], "", http.StatusOK).header.Get("X-Cache") == "hit" {
			paths = paths[1:]
		}
		return len(paths) == 0
	})
}

// cacheFailsOver checks that requests succeed throughout a failover and that the cache then has its data.
func cacheFailsOver(t *testing.T, out outputs) {
	paths := cachedItems(t, out)
	printed := mustRun(t, time.Minute, "fail", "--stack", out.Stack, "--part", "cache", "--how", "failover")
	if strings.Contains(printed, "cache of stack "+out.Stack) {
		t.Errorf("a failover is over at once, but: %s", printed)
	}
	allHit(t, out, paths)
}

// shardGone checks that the items of the other shards come from the cache.
func shardGone(t *testing.T, out outputs) {
	paths, found := cachedItems(t, out), map[string]int{}
	failPart(t, out, "cache", "half")
	for _, path := range paths {
		found[expect(t, out, http.MethodGet, path, "", http.StatusOK).header.Get("X-Cache")]++
	}
	if found["hit"] == 0 || found["bypass"] == 0 || found["hit"]+found["bypass"] != manyItems {
		t.Errorf("with one of three shards down: %v, want both hits and bypasses", found)
	}
	endFault(t, out, "cache")
	allHit(t, out, paths)
}

// databaseFails checks that cached items are served, and all else is a 503.
func databaseFails(t *testing.T, out outputs, how string, more ...string) {
	path, missing := cachedItem(t, out), newItem()
	failPart(t, out, "database", how, more...)
	expect(t, out, http.MethodGet, path, "", http.StatusOK, "hit")
	expect(t, out, http.MethodGet, missing, "", http.StatusServiceUnavailable)
	if how != "slow" { // a second wait would show nothing new
		expect(t, out, http.MethodPut, missing, `1`, http.StatusServiceUnavailable)
	}
	endFault(t, out, "database")
	databaseRecovers(t, out)
}

// databaseRecovers waits until an item can be written and read.
func databaseRecovers(t *testing.T, out outputs) {
	t.Helper()
	recovers(t, "the database", func() bool {
		path := newItem()
		return request(t, out, http.MethodPut, path, `1`).status == http.StatusCreated && request(t, out, http.MethodGet, path, "").status == http.StatusOK
	})
}

// retriesAllowed has the function earn the retries that a row needs: each success earns a tenth of one, and an outage may have
// spent all. Requests one after another reach one execution environment (lambda/store/retry.go).
func retriesAllowed(t *testing.T, out outputs) {
	t.Helper()
	for range 40 {
		expect(t, out, http.MethodGet, newItem(), "", http.StatusNotFound)
	}
}

// databaseFailsOver has every second statement carried out and its connection reset: reads are repeated, writes are not,
// and the readers of an item whose write may have come into effect go past the cache.
func databaseFailsOver(t *testing.T, out outputs) {
	retriesAllowed(t, out)
	path := cachedItem(t, out)
	failPart(t, out, "database", "half")
	expect(t, out, http.MethodGet, newItem(), "", http.StatusNotFound)
	expect(t, out, http.MethodPut, path, `2`, http.StatusServiceUnavailable)
	endFault(t, out, "database")
	if got := expect(t, out, http.MethodGet, path, "", http.StatusOK, "bypass"); !strings.Contains(got.body, `"body":2`) {
		t.Errorf("after a write that was carried out and had no reply: %s", got.body)
	}
	databaseRecovers(t, out)
}

// databaseReadOnly checks that reads succeed and writes do not cost what is cached.
func databaseReadOnly(t *testing.T, out outputs) {
	retriesAllowed(t, out)
	path := cachedItem(t, out)
	failPart(t, out, "database", "readonly")
	expect(t, out, http.MethodGet, newItem(), "", http.StatusNotFound)
	expect(t, out, http.MethodPut, path, `2`, http.StatusServiceUnavailable)
	expect(t, out, http.MethodGet, path, "", http.StatusOK, "hit")
	endFault(t, out, "database")
	expect(t, out, http.MethodPut, path, `3`, http.StatusOK) // the first one
}

// rowLocked checks that the database cancels a write that waits for a lock, and reads do not wait.
func rowLocked(t *testing.T, out outputs) {
	path := cachedItem(t, out)
	failPart(t, out, "database", "locked")
	expect(t, out, http.MethodPut, path, `2`, http.StatusServiceUnavailable)
	expect(t, out, http.MethodGet, path, "", http.StatusOK, "hit")
	expect(t, out, http.MethodGet, newItem(), "", http.StatusNotFound)
	endFault(t, out, "database")
	databaseRecovers(t, out)
}

// databaseSecretRotated rotates the password while requests continue, and then while the function cannot read it: a new
// connection fails until it can.
func databaseSecretRotated(t *testing.T, out outputs) {
	retriesAllowed(t, out)
	log := followFunctionLog(t, out)
	failPart(t, out, "secrets", "half") // the SDK repeats what is throttled
	rotateDatabase(t, out)
	failPart(t, out, "secrets", "full")
	arn := functionEnvironment(t, out)["DB_SECRET_ARN"]
	_, old := login(t, out, arn)
	if _, err := secretsmanager.NewFromConfig(awsConfig(out)).RotateSecret(context.Background(), &secretsmanager.RotateSecretInput{SecretId: &arn}); err != nil {
		t.Fatal(err)
	}
	recovers(t, "the rotation", func() bool { _, password := login(t, out, arn); return password != old })
	failPart(t, out, "database", "down") // ends the connections that the old password has opened
	endFault(t, out, "database")
	// A request may end before the last of the SDK's tries, and its environment is frozen then until the next one.
	recovers(t, "the function from its wait for the secret", func() bool {
		expect(t, out, http.MethodGet, newItem(), "", http.StatusServiceUnavailable)
		return pageRow{counted: []string{telemetry.SecretsFailures}}.matches(log.added(t))
	})
	endFault(t, out, "secrets")
	databaseRecovers(t, out)
}

// cacheSecretRotated rotates the password of the cache's user while an item is read.
func cacheSecretRotated(t *testing.T, out outputs) {
	if got := request(t, out, http.MethodPut, "/items/e2e-rotation", `{"n":"before"}`); got.status != http.StatusOK && got.status != http.StatusCreated {
		t.Fatalf("PUT: %d %s", got.status, got.body)
	}
	rotateCache(t, out)
}

// bothSilent checks that the response precedes the deadline of API Gateway, which would be a 504.
func bothSilent(t *testing.T, out outputs) {
	path := cachedItem(t, out)
	failPart(t, out, "cache", "slow", "--latency", silent)
	failPart(t, out, "database", "slow", "--latency", silent)
	expect(t, out, http.MethodGet, path, "", http.StatusServiceUnavailable)
	endFault(t, out, "cache")
	endFault(t, out, "database")
	cacheRecovers(t, out)
	databaseRecovers(t, out)
}

// storeFile stores a file and returns its key. The function reads it in requests of 2 MiB.
func storeFile(t *testing.T, out outputs, size int) (key string, content []byte) {
	t.Helper()
	key, content = "e2e/fail-"+rand.Text(), make([]byte, size)
	_, _ = rand.Read(content)
	_, err := s3.NewFromConfig(awsConfig(out)).PutObject(context.Background(), &s3.PutObjectInput{Bucket: &out.Bucket, Key: &key, Body: bytes.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
	return key, content
}

// openFile sends a request for a file, has the response read, and closes it.
func openFile(t *testing.T, out outputs, key string, read func(*http.Response)) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, out.URL+"/files/"+key, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := httpClient.Do(authenticated(out, req))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	read(res)
}

// fileArrives checks that a file is complete.
func fileArrives(t *testing.T, out outputs, key string, content []byte) {
	t.Helper()
	openFile(t, out, key, func(res *http.Response) {
		got, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || !bytes.Equal(got, content) {
			t.Errorf("%d with %d bytes, sha256 %s, %v", res.StatusCode, len(got), fingerprint(got), err)
		}
	})
}

func fingerprint(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:4])
}

// filesThrottled has S3 throttle every second request.
func filesThrottled(t *testing.T, out outputs) {
	key, content := storeFile(t, out, 5<<20)
	failPart(t, out, "files", "half")
	fileArrives(t, out, key, content)
	endFault(t, out, "files")
}

// filesFail has S3 throttle every request, reset connections, and be silent.
func filesFail(t *testing.T, out outputs) {
	key, _ := storeFile(t, out, 5<<20)
	for _, fault := range [][]string{{"full"}, {"down"}, {"slow", "--latency", silent}} {
		failPart(t, out, "files", fault[0], fault[1:]...)
		expect(t, out, http.MethodGet, "/files/"+key, "", http.StatusServiceUnavailable)
		endFault(t, out, "files")
		recovers(t, fmt.Sprint("files after ", fault[0]), func() (works bool) {
			openFile(t, out, key, func(res *http.Response) { works = res.StatusCode == http.StatusOK })
			return works
		})
	}
}

// filesSlow delays every reply of S3.
func filesSlow(t *testing.T, out outputs) {
	key, content := storeFile(t, out, 5<<20)
	failPart(t, out, "files", "slow", "--latency", "500ms")
	fileArrives(t, out, key, content)
	endFault(t, out, "files")
}

// objectDeleted deletes a file while the function reads it: the client must not take the body for complete.
func objectDeleted(t *testing.T, out outputs) {
	key, _ := storeFile(t, out, 11<<20) // more than the function reads ahead
	failPart(t, out, "files", "slow", "--latency", "1s")
	openFile(t, out, key, func(res *http.Response) {
		if _, err := io.ReadFull(res.Body, make([]byte, 1)); err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%d, %v", res.StatusCode, err)
		}
		_, err := s3.NewFromConfig(awsConfig(out)).DeleteObject(context.Background(), &s3.DeleteObjectInput{Bucket: &out.Bucket, Key: aws.String(key)})
		if err != nil {
			t.Fatal(err)
		}
		if rest, err := io.Copy(io.Discard, res.Body); err == nil {
			t.Errorf("the body counts as complete after %d bytes", rest+1)
		}
	})
	endFault(t, out, "files")
	expect(t, out, http.MethodGet, "/files/"+key, "", http.StatusNotFound)
}
