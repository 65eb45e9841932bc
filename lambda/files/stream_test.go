package files_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
)

// What a body takes ahead of its reader, as in stream.go.
const (
	chunkSize = 2 << 20
	window    = 4 * chunkSize
)

// content is bytes that repeat at no part's length.
func content(size int) []byte {
	bytes, chance := make([]byte, size), rand.NewChaCha8([32]byte{})
	_, _ = chance.Read(bytes)
	return bytes
}

// shelf is an S3 of one object, "a", which a test may exchange and break.
type shelf struct {
	mu       sync.Mutex
	content  []byte
	etag     string
	checksum string // CRC64NVME in base64; empty: none is sent
	requests atomic.Int32
	farthest atomic.Int64 // the end of the farthest part asked for
	// cut lets a request have so many bytes, -1: all; nil: every one all.
	cut func(request int32, r *http.Request) int64
	// status returns the status of a failing request; 0: success; nil: no failures.
	status func(request int32, r *http.Request) int
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request := s.requests.Add(1)
	if s.status != nil {
		if status := s.status(request, r); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	s.mu.Lock()
	held, etag := s.content, s.etag
	s.mu.Unlock()
	w.Header().Set("ETag", etag)
	if r.Header.Get("X-Amz-Checksum-Mode") == "ENABLED" && r.Header.Get("Range") == "" && s.checksum != "" {
		w.Header().Set("X-Amz-Checksum-Crc64nvme", s.checksum)
		w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
	}
	if _, last, ok := strings.Cut(r.Header.Get("Range"), "-"); ok && r.Header.Get("If-Match") != "" {
		end, _ := strconv.ParseInt(last, 10, 64)
		for far := s.farthest.Load(); end+1 > far && !s.farthest.CompareAndSwap(far, end+1); far = s.farthest.Load() {
		}
	}
	if s.cut != nil {
		if limit := s.cut(request, r); limit >= 0 {
			w = &short{w, limit}
		}
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(held))
}

// short breaks the connection off after some bytes.
type short struct {
	http.ResponseWriter
	left int64
}

func (s *short) Write(p []byte) (int, error) {
	if int64(len(p)) <= s.left {
		s.left -= int64(len(p))
		return s.ResponseWriter.Write(p)
	}
	_, _ = s.ResponseWriter.Write(p[:s.left])
	_ = http.NewResponseController(s.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

func (s *shelf) exchange(content []byte, etag string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.content, s.etag = content, etag
}

func crc64NVME(content []byte) string {
	sum := crc64.Checksum(content, crc64.MakeTable(0x9a6c9329ac4bc9b5))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
}

func open(t *testing.T, s *shelf, rng string) files.Object {
	t.Helper()
	object, err := bucket(t, s.ServeHTTP).Open(t.Context(), "a", rng, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = object.Body.Close() })
	return object
}

func TestABodyOfManyChunksIsReadInOrder(t *testing.T) {
	whole := content(5*chunkSize + 12345)
	checksum := crc64NVME(whole)
	for name, test := range map[string]struct {
		content  []byte
		rng      string
		expected []byte
		requests int32
	}{
		"nothing":                           {nil, "", []byte{}, 1},
		"one byte":                          {whole[:1], "", whole[:1], 1},
		"two chunks, by the first response": {whole[:2*chunkSize], "", whole[:2*chunkSize], 1},
		"one byte more, by one more":        {whole[:2*chunkSize+1], "", whole[:2*chunkSize+1], 3},
		"all of it":                         {whole, "", whole, 6},
		"a small range":                     {whole, "bytes=7-9", whole[7:10], 1},
		"a range of many chunks":            {whole, fmt.Sprintf("bytes=5-%d", 4*chunkSize), whole[5 : 4*chunkSize+1], 4},
		"all from a byte on":                {whole, "bytes=100-", whole[100:], 6},
		"the last bytes":                    {whole, fmt.Sprintf("bytes=-%d", 3*chunkSize), whole[len(whole)-3*chunkSize:], 3},
		"a range that ends past the object": {whole, "bytes=100-99999999", whole[100:], 6},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shelf{content: test.content, etag: `"E1"`, checksum: checksum}
			if test.rng == "" {
				s.checksum = crc64NVME(test.content)
			}
			object := open(t, s, test.rng)
			got, err := io.ReadAll(object.Body)
			if err != nil || !bytes.Equal(got, test.expected) || object.Size != int64(len(test.expected)) {
				t.Fatalf("got %d bytes of %d, want %d, %v", len(got), object.Size, len(test.expected), err)
			}
			if n := s.requests.Load(); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

func TestNoMoreIsReadAheadThanTheWindow(t *testing.T) {
	s := &shelf{content: content(20 * chunkSize), etag: `"E1"`}
	object := open(t, s, "")
	consumed, piece := int64(0), make([]byte, 100_000)
	for {
		n, err := object.Body.Read(piece)
		if ahead := s.farthest.Load() - consumed; ahead > window {
			t.Fatalf("%d bytes are asked for ahead of the reader, allowed are %d", ahead, window)
		}
		if consumed += int64(n); err != nil {
			break
		}
	}
	if consumed != 20*chunkSize {
		t.Fatalf("got %d bytes", consumed)
	}
}

func TestReadAheadStartsAfterTheFirstBytes(t *testing.T) {
	s := &shelf{content: content(20 * chunkSize), etag: `"E1"`}
	object := open(t, s, "")
	if _, err := object.Body.Read(make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	if err := object.Body.Close(); err != nil {
		t.Fatal(err)
	}
	if n := s.requests.Load(); n != 1 {
		t.Fatalf("%d requests for the first bytes of an object", n)
	}
}

// drain reads a body to its end or to what breaks it off.
func drain(t *testing.T, object files.Object, then func()) ([]byte, error) {
	t.Helper()
	first := make([]byte, 1)
	if _, err := io.ReadFull(object.Body, first); err != nil {
		t.Fatal(err)
	}
	then()
	rest, err := io.ReadAll(object.Body)
	return append(first, rest...), err
}

func TestAnObjectThatChangesWhileItIsRead(t *testing.T) {
	old := content(20 * chunkSize)
	for name, test := range map[string]struct {
		change func(*shelf)
		kind   fault.Kind
		cause  error
	}{
		"is replaced": {func(s *shelf) { s.exchange(content(20*chunkSize + 1)[1:], `"E2"`) }, fault.Unavailable, files.ErrReplaced},
		"is deleted":  {func(s *shelf) { s.exchange(nil, "") }, fault.NotFound, nil},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shelf{content: old, etag: `"E1"`}
			s.status = func(int32, *http.Request) int {
				s.mu.Lock()
				defer s.mu.Unlock()
				if s.content == nil {
					return http.StatusNotFound
				}
				return 0
			}
			got, err := drain(t, open(t, s, ""), func() { test.change(s) })
			if err == nil || fault.KindOf(err) != test.kind || test.cause != nil && !errors.Is(err, test.cause) {
				t.Fatalf("broken off with %v", err)
			}
			if len(got) >= len(old) || !bytes.Equal(got, old[:len(got)]) {
				t.Fatalf("%d bytes came, not all of the version asked for", len(got))
			}
		})
	}
}

func TestInterruptedReadsAreRetried(t *testing.T) {
	whole := content(6 * chunkSize)
	checksum := crc64NVME(whole)
	isPart := func(r *http.Request) bool { return r.Header.Get("Range") != "" }
	once := func(which func(*http.Request) bool) func(*http.Request) bool {
		var done atomic.Bool
		return func(r *http.Request) bool { return which(r) && done.CompareAndSwap(false, true) }
	}
	second := func(r *http.Request) bool {
		return strings.HasPrefix(r.Header.Get("Range"), fmt.Sprintf("bytes=%d-", 2*chunkSize))
	}
	for name, test := range map[string]struct {
		cut    func(*http.Request) bool
		status func(*http.Request) bool
		whole  bool
	}{
		"the first answer":          {cut: once(func(r *http.Request) bool { return !isPart(r) }), whole: true},
		"a chunk":                   {cut: once(second), whole: true},
		"a chunk that S3 throttles": {status: once(second), whole: true},
		"every part":                {cut: isPart},
		"every part, S3 being busy": {status: isPart},
		"one part again and again":  {cut: second},
	} {
		t.Run(name, func(t *testing.T) {
			s := &shelf{content: whole, etag: `"E1"`, checksum: checksum}
			if test.cut != nil {
				s.cut = func(_ int32, r *http.Request) int64 {
					if test.cut(r) {
						return 100_000
					}
					return -1
				}
			}
			if test.status != nil {
				s.status = func(_ int32, r *http.Request) int {
					if test.status(r) {
						return http.StatusServiceUnavailable
					}
					return 0
				}
			}
			got, err := io.ReadAll(open(t, s, "").Body)
			switch {
			case test.whole && (err != nil || !bytes.Equal(got, whole)):
				t.Fatalf("got %d bytes, %v", len(got), err)
			case !test.whole && (fault.KindOf(err) != fault.Unavailable || !bytes.Equal(got, whole[:len(got)])):
				t.Fatalf("got %d bytes, %v", len(got), err)
			}
			if n := s.requests.Load(); n > 6+5 {
				t.Errorf("%d requests: the tries are not bounded", n)
			}
		})
	}
}

func TestADamagedObjectIsNeverReadCompletely(t *testing.T) {
	for name, size := range map[string]int{"in one response": 1000, "in chunks": 5 * chunkSize} {
		t.Run(name, func(t *testing.T) {
			whole := content(size)
			s := &shelf{content: whole, etag: `"E1"`, checksum: crc64NVME(whole[1:])}
			got, err := io.ReadAll(open(t, s, "").Body)
			if !errors.Is(err, files.ErrDamaged) || len(got) >= size {
				t.Fatalf("got %d bytes of %d, %v", len(got), size, err)
			}
		})
	}
}

// An io.Reader says of no later Read what it returns; a body that went on would
// take a failed body for complete.
func TestAFailedBodyStaysFailed(t *testing.T) {
	whole := content(6 * chunkSize)
	isPart := func(r *http.Request) bool { return r.Header.Get("Range") != "" }
	for name, test := range map[string]struct {
		shelf *shelf
		begun func(*shelf, files.Object)
	}{
		"for its checksum, in one response": {&shelf{content: whole[:1000], checksum: crc64NVME(whole)}, nil},
		"for its checksum, in chunks":       {&shelf{content: whole, checksum: crc64NVME(whole[1:])}, nil},
		"for an interrupted chunk": {&shelf{content: whole, cut: func(_ int32, r *http.Request) int64 {
			if isPart(r) {
				return 100_000
			}
			return -1
		}}, nil},
		"for a missing chunk": {&shelf{content: whole, status: func(_ int32, r *http.Request) int {
			if isPart(r) {
				return http.StatusNotFound
			}
			return 0
		}}, nil},
		"for another version": {&shelf{content: whole}, func(s *shelf, _ files.Object) { s.exchange(content(20*chunkSize), `"E2"`) }},
		"for being closed":    {&shelf{content: whole}, func(_ *shelf, object files.Object) { _ = object.Body.Close() }},
	} {
		t.Run(name, func(t *testing.T) {
			test.shelf.etag = `"E1"`
			object := open(t, test.shelf, "")
			if test.begun != nil {
				test.begun(test.shelf, object)
			}
			got, err := io.ReadAll(object.Body)
			if err == nil || len(got) >= len(test.shelf.content) {
				t.Fatalf("%d bytes, %v", len(got), err)
			}
			for range 3 {
				n, again := object.Body.Read(make([]byte, chunkSize))
				if n != 0 || !errors.Is(again, err) {
					t.Fatalf("a further read gave %d bytes, %v; the first failed with %v", n, again, err)
				}
			}
		})
	}
}

func TestARangeThatWasNotRequestedIsRejected(t *testing.T) {
	s := &shelf{content: content(6 * chunkSize), etag: `"E1"`}
	b := bucket(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			r.Header.Set("Range", "bytes=0-99")
		}
		s.ServeHTTP(w, r)
	})
	object, err := b.Open(t.Context(), "a", "", "")
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(object.Body); fault.KindOf(err) != fault.Internal || len(got) > chunkSize {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
}

func TestClosingABodyCancelsItsReads(t *testing.T) {
	s := &shelf{content: content(6 * chunkSize), etag: `"E1"`}
	reading, ended := make(chan struct{}, 3), make(chan struct{}, 3)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			reading <- struct{}{}
			<-r.Context().Done()
			ended <- struct{}{}
			return
		}
		s.ServeHTTP(w, r)
	}))
	defer server.Close()
	object, err := bucketAt(server.URL).Open(t.Context(), "a", "", "")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the first byte comes before anything is read ahead
		if _, err := object.Body.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		<-reading
	}
	if err := object.Body.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		<-ended
	}
}

func TestTheCRC64NVMEOfTheSpecification(t *testing.T) {
	// The check value of the catalogue of parametrised CRC algorithms.
	if got := crc64NVME([]byte("123456789")); got != base64.StdEncoding.EncodeToString([]byte{0xae, 0x8b, 0x14, 0x86, 0x0a, 0x79, 0x98, 0x88}) {
		t.Fatalf("got %s", got)
	}
}
