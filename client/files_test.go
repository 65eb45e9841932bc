package client_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc64"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/client"
	"github.com/didomi/serverless-api/client/transport"
)

// What the tests of lambda/handler cannot have in little time: pages of parts, which begin at 250 parts of 64 MiB, what S3
// reports and the server of those tests does not, and connections that stall.

// tiny is an API and an S3 with parts of three bytes, one on each page.
type tiny struct {
	mu sync.Mutex
	// checksum is what S3 reports of the complete file.
	checksum func(file []byte) string
	// gone is whether S3 no longer knows the upload, and modified the date of its file.
	gone     bool
	modified time.Time
	parts    map[string]string
	pages    int
}

const tinyPart = 3

func (s *tiny) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	response := &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Date": {time.Now().UTC().Format(http.TimeFormat)}}, Request: r}
	text := ""
	switch query := r.URL.Query(); {
	case r.Method == http.MethodHead:
		response.Header.Set("X-File-Size", "10")
		response.Header.Set("Last-Modified", s.modified.UTC().Format(http.TimeFormat))
	case r.URL.Host == "api.example":
		s.pages++
		text = page(body)
	case s.gone:
		response.StatusCode, text = http.StatusNotFound, "<Error><Code>NoSuchUpload</Code></Error>"
	case query.Has("part"):
		s.parts[query.Get("part")] = string(body)
		response.Header.Set("ETag", `"`+query.Get("part")+`"`)
	default:
		text = fmt.Sprintf("<CompleteMultipartUploadResult><ChecksumCRC64NVME>%s</ChecksumCRC64NVME></CompleteMultipartUploadResult>", s.checksum([]byte(s.file())))
	}
	response.Body = io.NopCloser(strings.NewReader(text))
	return response, nil
}

// page is the API's response: one part and the completion.
func page(request []byte) string {
	var asked struct {
		Size int64 `json:"size"`
		Part int64 `json:"part"`
	}
	_ = json.Unmarshal(request, &asked)
	number := max(asked.Part, 1)
	return fmt.Sprintf(`{"key":"a","expires_at":"2026-01-02T03:04:05Z","upload_id":"U1","part_size":%d,"part_count":%d,
"parts":[{"part_number":%d,"size":%d,"method":"PUT","url":"https://s3.example/a?part=%d"}],
"complete":{"method":"POST","url":"https://s3.example/a?complete"}}`,
		tinyPart, (asked.Size+tinyPart-1)/tinyPart, number, min(tinyPart, asked.Size-(number-1)*tinyPart), number)
}

func (s *tiny) file() string {
	whole := ""
	for number := 1; ; number++ {
		part, ok := s.parts[fmt.Sprint(number)]
		if !ok {
			return whole
		}
		whole += part
	}
}

func crc64NVME(file []byte) string {
	sum := crc64.Checksum(file, crc64.MakeTable(0x9a6c9329ac4bc9b5))
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
}

func newTiny(t *testing.T) (*client.Client, *tiny) {
	t.Helper()
	s := &tiny{checksum: crc64NVME, parts: map[string]string{}}
	c, err := client.New("https://api.example", transport.WithBase(s), transport.WithRetries(transport.Retries{Tries: 1, Elapsed: time.Minute}))
	if err != nil {
		t.Fatal(err)
	}
	return c, s
}

const tenBytes = "0123456789"

func TestPartsComeInPages(t *testing.T) {
	c, s := newTiny(t)
	if err := c.PutFile(t.Context(), "a", strings.NewReader(tenBytes), 10, client.UploadOptions{Concurrency: 2}); err != nil {
		t.Fatal(err)
	}
	if s.file() != tenBytes || len(s.parts) != 4 || s.pages != 4 {
		t.Errorf("%q in %d parts after %d pages, want the file in 4 of 4", s.file(), len(s.parts), s.pages)
	}
}

func TestAStoredFileWithAnotherChecksumIsAnError(t *testing.T) {
	for name, test := range map[string]struct {
		checksum string
		want     string
	}{
		"another one": {crc64NVME([]byte("other")), "S3 has stored other bytes"},
		"none":        {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := newTiny(t)
			s.checksum = func([]byte) string { return test.checksum }
			err := c.PutFile(t.Context(), "a", strings.NewReader(tenBytes), 10, client.UploadOptions{})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestAResumedUploadMayBeComplete(t *testing.T) {
	started := time.Now().Truncate(time.Second)
	all := client.Upload{Key: "a", ID: "U1", Size: 10, Started: started}
	c, s := newTiny(t)
	if err := c.PutFile(t.Context(), "a", strings.NewReader(tenBytes), 10, client.UploadOptions{Progress: func(u client.Upload) { all.Parts = u.Parts }}); err != nil {
		t.Fatal(err)
	}
	s.gone = true
	some := all
	some.Parts = all.Parts[:1]
	for name, test := range map[string]struct {
		resumed  client.Upload
		modified time.Time
		want     string
	}{
		"and is, if the file is not older than it":              {all, started, ""},
		"and is not, if the file is":                            {all, started.Add(-time.Hour), "NoSuchUpload"},
		"also where the client does not know of its last parts": {some, started, ""},
		"and is not there either, if the file is older":         {some, started.Add(-time.Hour), "start it again"},
	} {
		t.Run(name, func(t *testing.T) {
			s.modified = test.modified
			err := c.PutFile(t.Context(), "a", strings.NewReader(tenBytes), 10, client.UploadOptions{Resume: &test.resumed})
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want %q", err, test.want)
			}
			if errors.As(err, new(*client.Unfinished)) {
				t.Error("a client would resume for ever what is gone")
			}
		})
	}
}

func TestAFileThatEndsEarlyIsAnError(t *testing.T) {
	c, _ := newTiny(t)
	err := c.PutFile(t.Context(), "a", strings.NewReader("0123"), 10, client.UploadOptions{})
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "reading part 2 of the file") {
		t.Errorf("error %v", err)
	}
}

// stalling sends a file's first byte on the first connection, and nothing more.
type stalling struct{ ranges []string }

func (s *stalling) RoundTrip(r *http.Request) (*http.Response, error) {
	s.ranges = append(s.ranges, r.Header.Get("Range")+" "+r.Header.Get("If-Match"))
	var body io.Reader = strings.NewReader(tenBytes[1:])
	header := http.Header{"Etag": {`"E1"`}, "Content-Range": {"bytes 1-9/10"}}
	if len(s.ranges) == 1 {
		body = io.MultiReader(strings.NewReader(tenBytes[:1]), until{r})
		header.Set("Content-Range", "bytes 0-9/10")
	}
	return &http.Response{StatusCode: http.StatusPartialContent, Header: header, Body: io.NopCloser(body), Request: r}, nil
}

// until is a body that sends nothing until its request ends.
type until struct{ r *http.Request }

func (u until) Read([]byte) (int, error) {
	<-u.r.Context().Done()
	return 0, u.r.Context().Err()
}

func TestADownloadThatStallsContinuesOnAnotherConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		base := &stalling{}
		c, err := client.New("https://api.example", transport.WithBase(base))
		if err != nil {
			t.Fatal(err)
		}
		file, err := c.File(t.Context(), "a", client.DownloadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // a reader that pauses is no connection that stalls
		var got bytes.Buffer
		if _, err := io.Copy(&got, file); err != nil || got.String() != tenBytes {
			t.Errorf("%q, error %v", got.String(), err)
		}
		if want := []string{"bytes=0- ", `bytes=1- "E1"`}; fmt.Sprint(base.ranges) != fmt.Sprint(want) {
			t.Errorf("requests %q, want %q", base.ranges, want)
		}
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
}
