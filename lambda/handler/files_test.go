package handler_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
)

func file(method, key string, headers map[string]string, body string) events.APIGatewayProxyRequest {
	return event(method, "/files/{key+}", map[string]string{"key": key}, headers, body)
}

// closing counts its calls of Close.
type closing struct {
	io.Reader
	closed *int
}

func (c closing) Close() error {
	*c.closed++
	return nil
}

// disk is a bucket of one file, "a", of ten digits.
func disk(closed *int) bucket {
	object := func() files.Object {
		return files.Object{Size: 10, ETag: `"E1"`, Modified: when, Header: http.Header{
			"Content-Type": {"text/digits"}, "Cache-Control": {"no-transform"}, "Content-Disposition": {"inline"},
			"Content-Encoding": {"gzip"}, "Content-Language": {"en"},
		}}
	}
	return bucket{
		stat: func(key string) (files.Object, error) {
			if key != "a" {
				return files.Object{}, fault.New(fault.NotFound, "there is no such file")
			}
			return object(), nil
		},
		open: func(key, rng, etag string) (files.Object, error) {
			objectResponse, body := object(), "0123456789"
			switch {
			case key != "a":
				return objectResponse, fault.New(fault.NotFound, "there is no such file")
			case etag != "" && etag != objectResponse.ETag:
				return objectResponse, fault.NewUnavailable("file storage", files.ErrReplaced)
			case rng == "bytes=2-4":
				body, objectResponse.Size, objectResponse.ContentRange = "234", 3, "bytes 2-4/10"
			case rng == "bytes=10-":
				return objectResponse, &fault.Error{Kind: fault.Malformed, Cause: files.ErrRange}
			case rng != "":
				return objectResponse, errors.New("unexpected range " + rng)
			}
			objectResponse.Body = closing{strings.NewReader(body), closed}
			return objectResponse, nil
		},
		link: func(key string, header http.Header) (string, error) {
			return "https://bucket.example/" + key + "?signed&type=" + header.Get("Content-Type"), nil
		},
	}
}

func TestGetFile(t *testing.T) {
	whole := map[string]string{
		"Content-Type": "text/digits", "Content-Length": "10", "ETag": `"E1"`, "Accept-Ranges": "bytes",
		"Content-Encoding": "gzip", "Content-Language": "en", "Content-Disposition": "attachment", "Cache-Control": "private, no-transform",
		"Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT", "Content-Range": "",
	}
	part := map[string]string{"Content-Length": "3", "Content-Range": "bytes 2-4/10", "ETag": `"E1"`}
	tests := map[string]struct {
		key     string
		headers map[string]string
		status  int
		want    map[string]string
		body    string
	}{
		"a file":                               {"a", nil, 200, whole, "0123456789"},
		"a range":                              {"a", map[string]string{"Range": "bytes=2-4"}, 206, part, "234"},
		"a range past the end":                 {"a", map[string]string{"Range": "bytes=10-"}, 416, map[string]string{"Content-Range": "bytes */10"}, ""},
		"several ranges, which are ignored":    {"a", map[string]string{"Range": "bytes=0-1,3-4"}, 200, whole, "0123456789"},
		"a range of another unit":              {"a", map[string]string{"Range": "lines=1-2"}, 200, whole, "0123456789"},
		"a range of the named version":         {"a", map[string]string{"Range": "bytes=2-4", "If-Range": `"E1"`}, 206, part, "234"},
		"a range of another version":           {"a", map[string]string{"Range": "bytes=2-4", "If-Range": `"E0"`}, 200, whole, "0123456789"},
		"a range of a version with a weak tag": {"a", map[string]string{"Range": "bytes=2-4", "If-Range": `W/"E1"`}, 200, whole, "0123456789"},
		"a range of the file's date":           {"a", map[string]string{"Range": "bytes=2-4", "If-Range": "Fri, 02 Jan 2026 03:04:05 GMT"}, 200, whole, "0123456789"},
		"a range of another date":              {"a", map[string]string{"Range": "bytes=2-4", "If-Range": "Fri, 02 Jan 2026 03:04:06 GMT"}, 200, whole, "0123456789"},
		"a file the client has":                {"a", map[string]string{"If-None-Match": `"E1"`}, 304, map[string]string{"ETag": `"E1"`, "Cache-Control": "private, no-transform", "Content-Length": ""}, ""},
		"a file of another version":            {"a", map[string]string{"If-None-Match": `"E0"`}, 200, whole, "0123456789"},
		"a file not changed since":             {"a", map[string]string{"If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT"}, 304, nil, ""},
		"a file changed since":                 {"a", map[string]string{"If-Modified-Since": "Fri, 02 Jan 2026 03:04:04 GMT"}, 200, whole, "0123456789"},
		"a date is ignored next to a tag":      {"a", map[string]string{"If-None-Match": `"E0"`, "If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT"}, 200, whole, "0123456789"},
		"a file that does not match":           {"a", map[string]string{"If-Match": `"E0"`}, 412, nil, ""},
		"a file changed despite a condition":   {"a", map[string]string{"If-Unmodified-Since": "Fri, 02 Jan 2026 03:04:04 GMT"}, 412, nil, ""},
		"a missing file":                       {"b", nil, 404, nil, ""},
		"a missing file with a condition":      {"b", map[string]string{"If-None-Match": `"E1"`}, 404, nil, ""},
		"a key with the segment ..":            {"x/../a", nil, 404, nil, ""},
		"a key with the segment .., encoded":   {"x/%2e%2e/a", nil, 404, nil, ""},
		"a key with a control character":       {"a%0d%0aSet-Cookie:x", nil, 404, nil, ""},
		"a key that is too long":               {strings.Repeat("a", 1025), nil, 404, nil, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			closed := 0
			got := do(t, &handler.Handler{Files: disk(&closed)}, file("GET", test.key, test.headers, ""))
			got.expect(t, test.status, test.want)
			if test.status < 400 && got.body != test.body {
				t.Errorf("body %q", got.body)
			}
			if objectResponse := test.status == 200 || test.status == 206; objectResponse != (closed == 1) {
				t.Errorf("the body was closed %d times", closed)
			}
		})
	}
}

// RFC 9110, 14.1.2: a suffix range of an empty file is satisfiable; S3 returns 416 for every range of one, the
// sandbox's emulator 206 for these.
func TestARangeOfAnEmptyFileIsTheFile(t *testing.T) {
	b := disk(new(int))
	b.stat = func(string) (files.Object, error) { return files.Object{ETag: `"E1"`, Modified: when}, nil }
	b.open = func(_, rng, _ string) (files.Object, error) {
		if rng != "" {
			return files.Object{}, &fault.Error{Kind: fault.Malformed, Cause: files.ErrRange}
		}
		return files.Object{ETag: `"E1"`, Modified: when, Body: http.NoBody}, nil
	}
	refused := b.open
	for _, rng := range []string{"", "bytes=0-", "bytes=0-0", "bytes=-5", "bytes=-6"} {
		if b.open = refused; rng == "bytes=-6" {
			b.open = func(string, string, string) (files.Object, error) {
				return files.Object{ETag: `"E1"`, Modified: when, Body: http.NoBody, ContentRange: "bytes 0--1/0"}, nil
			}
		}
		got := do(t, &handler.Handler{Files: b}, file("GET", "empty", map[string]string{"Range": rng}, ""))
		got.expect(t, 200, map[string]string{"Content-Length": "0", "ETag": `"E1"`, "Content-Range": ""})
		if got.body != "" || got.err != nil {
			t.Errorf("%q: %q, %v", rng, got.body, got.err)
		}
	}
}

func TestHeadFile(t *testing.T) {
	h := &handler.Handler{Files: disk(new(int))}
	for name, test := range map[string]struct {
		key     string
		headers map[string]string
		status  int
		want    map[string]string
	}{
		"a file":                {"a", map[string]string{"Range": "bytes=2-4"}, 200, map[string]string{"Content-Length": "10", "ETag": `"E1"`, "Accept-Ranges": "bytes"}},
		"a file the client has": {"a", map[string]string{"If-None-Match": `"E1"`}, 304, map[string]string{"Cache-Control": "private, no-transform", "Content-Length": ""}},
		"a missing file":        {"b", nil, 404, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := do(t, h, file("HEAD", test.key, test.headers, ""))
			got.expect(t, test.status, test.want)
			if got.body != "" {
				t.Errorf("HEAD with the body %q", got.body)
			}
		})
	}
}

func TestAFileTooLargeToStreamIsRedirectedToS3(t *testing.T) {
	tests := map[string]struct {
		size, limit int64
		left        time.Duration
		status      int
	}{
		"the largest within the time":      {200_000_000, 0, 5 * time.Minute, 200},
		"one byte more":                    {200_000_001, 0, 5 * time.Minute, 307},
		"64 MiB in two minutes":            {64 << 20, 0, 2 * time.Minute, 200},
		"64 MiB in half a minute":          {64 << 20, 0, 30 * time.Second, 307},
		"a small one in little time":       {6_000_000, 0, 5 * time.Second, 200},
		"the largest by the stack's limit": {16_000_000, 16_000_000, 5 * time.Minute, 200},
		"one byte more than the limit":     {16_000_001, 16_000_000, 5 * time.Minute, 307},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			closed := 0
			b := disk(&closed)
			open := b.open
			b.open = func(key, rng, etag string) (files.Object, error) {
				object, err := open(key, rng, etag)
				object.Size = test.size
				return object, err
			}
			h := &handler.Handler{Files: b, StreamMax: test.limit, Log: slog.New(slog.DiscardHandler)}
			ctx, cancel := context.WithTimeout(t.Context(), test.left)
			defer cancel()
			served, _ := h.Serve(ctx, file("GET", "a", nil, ""))
			response := served.(*events.APIGatewayProxyStreamingResponse)
			location := response.Headers["Location"]
			if response.StatusCode != test.status || (test.status == 307) != (location == "https://bucket.example/a?signed&type=text/digits") {
				t.Fatalf("%d to %q", response.StatusCode, location)
			}
			if test.status == 307 && closed != 1 {
				t.Error("the body was not sent and not closed")
			}
			if err := response.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestAFileReplacedDuringARead(t *testing.T) {
	for name, test := range map[string]struct{ replacements, status int }{
		"once":         {1, 200},
		"all the time": {100, 503},
	} {
		t.Run(name, func(t *testing.T) {
			b, left := disk(new(int)), test.replacements
			open := b.open
			b.open = func(key, rng, etag string) (files.Object, error) {
				if left--; left >= 0 {
					etag = `"E0"`
				}
				return open(key, rng, etag)
			}
			do(t, &handler.Handler{Files: b}, file("GET", "a", map[string]string{"If-None-Match": `"E0"`}, "")).expect(t, test.status, nil)
		})
	}
}

func TestAFailedStreamRevealsNothingInternal(t *testing.T) {
	var log strings.Builder
	b := disk(new(int))
	b.open = func(string, string, string) (files.Object, error) {
		body := io.MultiReader(strings.NewReader("01234"), errorReader{errors.New("10.0.0.7 reset")})
		return files.Object{Size: 10, Body: io.NopCloser(body)}, nil
	}
	h := &handler.Handler{Files: b, Log: slog.New(slog.NewJSONHandler(&log, nil))}
	got := do(t, h, file("GET", "a", nil, ""))
	if got.err == nil || strings.Contains(got.err.Error(), "10.0.0.7") || got.body != "01234" {
		t.Fatalf("got %q, %v", got.body, got.err)
	}
	if !strings.Contains(log.String(), "10.0.0.7") || !strings.Contains(log.String(), `"bytes":5`) {
		t.Errorf("log: %s", log.String())
	}
}

// once is a body that fails once and then continues without an error.
type once struct {
	io.Reader
	err error
}

func (o *once) Read(p []byte) (int, error) {
	if err := o.err; err != nil {
		o.err = nil
		return 0, err
	}
	return o.Reader.Read(p)
}

func (o *once) Close() error { return nil }

func TestAFailedStreamStaysFailed(t *testing.T) {
	var log strings.Builder
	b := disk(new(int))
	b.open = func(string, string, string) (files.Object, error) {
		return files.Object{Size: 4, Body: &once{strings.NewReader("more"), errors.New("10.0.0.7 reset")}}, nil
	}
	h := &handler.Handler{Files: b, Log: slog.New(slog.NewJSONHandler(&log, nil))}
	served, _ := h.Serve(t.Context(), file("GET", "a", nil, ""))
	response := served.(*events.APIGatewayProxyStreamingResponse)
	for range 3 {
		n, err := response.Body.Read(make([]byte, 10))
		if n != 0 || err == nil || err == io.EOF || strings.Contains(err.Error(), "10.0.0.7") {
			t.Fatalf("%d bytes, %v", n, err)
		}
	}
	if err := response.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "10.0.0.7") {
		t.Errorf("log: %s", log.String())
	}
}

// The Runtime API may stop reading a stream: the log line is then not that of a file that was sent.
func TestAnIncompleteStreamIsLoggedAsBroken(t *testing.T) {
	for name, test := range map[string]struct {
		take int
		want string
	}{
		"nothing of it": {0, `"level":"ERROR","msg":"request","method":"GET","resource":"/files/{key+}","status":200,"cache":"","bytes":0`},
		"half of it":    {5, `"level":"ERROR","msg":"request","method":"GET","resource":"/files/{key+}","status":200,"cache":"","bytes":5`},
		"all of it":     {11, `"level":"INFO","msg":"request","method":"GET","resource":"/files/{key+}","status":200,"cache":"","bytes":10`},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			h := &handler.Handler{Files: disk(new(int)), Log: slog.New(slog.NewJSONHandler(&log, nil))}
			served, _ := h.Serve(t.Context(), file("GET", "a", nil, ""))
			response := served.(*events.APIGatewayProxyStreamingResponse)
			_, _ = io.CopyN(io.Discard, response.Body, int64(test.take))
			if err := response.Close(); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(log.String(), test.want) {
				t.Errorf("log: %s, want %s", log.String(), test.want)
			}
		})
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

func TestUploadFile(t *testing.T) {
	type request struct {
		key, contentType string
		size             int64
	}
	var asked request
	h := &handler.Handler{Files: bucket{upload: func(key string, size int64, contentType string) (files.Upload, error) {
		asked = request{key, contentType, size}
		return files.Upload{Key: key, Request: &files.Request{Method: "PUT", URL: "https://bucket.example"}}, nil
	}}}
	json := map[string]string{"Content-Type": "application/json"}
	for name, test := range map[string]struct {
		key, body string
		headers   map[string]string
		status    int
		want      request
	}{
		"without a body":                       {"a", "", nil, 201, request{key: "a"}},
		"with size and type":                   {"a/b", `{"size": 5, "content_type": "text/plain"}`, json, 201, request{"a/b", "text/plain", 5}},
		"to a key with encoded letters":        {"a%20b/%C3%A9+c%2Bd%25.txt", "", nil, 201, request{key: "a b/é+c+d%.txt"}},
		"to a key that is not encoded":         {"100%", "", nil, 422, request{}},
		"with a negative size":                 {"a", `{"size": -1}`, json, 422, request{}},
		"with a size as a string":              {"a", `{"size": "5"}`, json, 422, request{}},
		"with a size in two letter cases":      {"a", `{"size": 5, "Size": 200000000}`, json, 422, request{}},
		"with a size of null":                  {"a", `{"size": null}`, json, 422, request{}},
		"with a size over 5 TiB":               {"a", `{"size": 5497558138881}`, json, 422, request{}},
		"with a size of 5 TiB":                 {"a", `{"size": 5497558138880}`, json, 201, request{key: "a", size: 5497558138880}},
		"with an empty type":                   {"a", `{"content_type": ""}`, json, 422, request{}},
		"with a body that is no object":        {"a", `[]`, json, 422, request{}},
		"with a body of null":                  {"a", `null`, json, 422, request{}},
		"with a misspelled size":               {"a", `{"sizee": 5}`, json, 422, request{}},
		"with a body that is not JSON":         {"a", `size=5`, json, 422, request{}},
		"with another type of body":            {"a", `{}`, nil, 415, request{}},
		"to a key that is invalid":             {"..", "", nil, 422, request{}},
		"with a type and its parameters":       {"a", `{"content_type": "text/plain; charset=\"utf-8\""}`, json, 201, request{"a", `text/plain; charset="utf-8"`, 0}},
		"with an invalid type":                 {"a", `{"content_type": "text"}`, json, 422, request{}},
		"with a type of two lines":             {"a", `{"content_type": "a/b\nc"}`, json, 422, request{}},
		"with a very long type":                {"a", `{"content_type": "a/` + strings.Repeat("b", 254) + `"}`, json, 422, request{}},
		"with a type that is not ASCII":        {"a", `{"content_type": "a/b; c=\"é\""}`, json, 422, request{}},
		"with a type that ends in a line feed": {"a", `{"content_type": "a/b; c=d\n"}`, json, 422, request{}},
	} {
		t.Run(name, func(t *testing.T) {
			asked = request{}
			do(t, h, file("POST", test.key, test.headers, test.body)).expect(t, test.status, nil)
			if asked != test.want {
				t.Errorf("asked for %+v", asked)
			}
		})
	}
}

func TestAnUploadRequestIsRejectedWithAllItsProblems(t *testing.T) {
	for body, want := range map[string][]string{
		`{"contentType": "text/plain"}`: {
			`"contentType" is not a member of an upload request, which has content_type, part, size, upload_id`,
		},
		`{"contentType": "text/plain", "size": -1, "part": 0}`: {
			`"contentType" is not a member`, "part must be an integer from 1 to 10000", "size must be an integer from 0 to 5497558138880", "part requires the upload_id",
		},
		`{"upload_id": "", "part": 10001, "Size": 5}`: {
			`"Size" is not a member`, "part must be an integer", "upload_id must be the one",
		},
		`{"upload_id": null, "size": 1.5, "part": null}`: {"upload_id must be", "size must be", "part must be"},
		`"text"`: {"an upload request must be a JSON object"},
	} {
		t.Run(body, func(t *testing.T) {
			got := do(t, &handler.Handler{}, file("POST", "a", map[string]string{"Content-Type": "application/json"}, body))
			got.expect(t, 422, map[string]string{"Content-Type": "application/problem+json"})
			detail := detailOf(t, got.body)
			for _, problem := range want {
				if !strings.Contains(detail, problem) {
					t.Errorf("%q does not contain %q", detail, problem)
				}
			}
			if problems := strings.Split(detail, "; "); len(problems) != len(want) {
				t.Errorf("%q has %d problems, want %d", detail, len(problems), len(want))
			}
		})
	}
}

func TestFurtherPartsOfAnUpload(t *testing.T) {
	type request struct {
		key, id string
		size    int64
		first   int32
	}
	var asked request
	h := &handler.Handler{Files: bucket{parts: func(key, id string, size int64, first int32) (files.Upload, error) {
		asked = request{key, id, size, first}
		return files.Upload{Key: key, UploadID: id}, nil
	}}}
	json := map[string]string{"Content-Type": "application/json"}
	for name, test := range map[string]struct {
		body   string
		status int
		want   request
		says   []string
	}{
		"from a part number on":        {`{"upload_id": "U_1-.~", "size": 5, "part": 251}`, 200, request{"a", "U_1-.~", 5, 251}, nil},
		"from the first on":            {`{"upload_id": "U1", "size": 5}`, 200, request{"a", "U1", 5, 1}, nil},
		"of a part that is no integer": {`{"upload_id": "U1", "size": 5, "part": 1.5}`, 422, request{}, []string{"part"}},
		"of a part that is too large":  {`{"upload_id": "U1", "size": 5, "part": 4294967297}`, 422, request{}, []string{"part"}},
		"without an upload id":         {`{"size": 5, "part": 2}`, 422, request{}, []string{"upload_id"}},
		"of a very long id":            {`{"upload_id": "` + strings.Repeat("a", 1025) + `", "size": 5}`, 422, request{}, []string{"upload_id"}},
		"of an id of two lines":        {`{"upload_id": "a\nb", "size": 5}`, 422, request{}, []string{"upload_id"}},
		"of an id with a space":        {`{"upload_id": "a b", "size": 5}`, 422, request{}, []string{"upload_id"}},
		"of an id that is not ASCII, with a type": {
			`{"upload_id": "é", "size": 5, "content_type": "text"}`, 422, request{}, []string{"upload_id", "content_type must be a media type", "content_type cannot be changed"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			asked = request{}
			got := do(t, h, file("POST", "a", json, test.body))
			got.expect(t, test.status, map[string]string{"Cache-Control": "no-store"})
			if asked != test.want {
				t.Errorf("asked for %+v", asked)
			}
			for _, want := range test.says {
				if !strings.Contains(got.body, want) {
					t.Errorf("%s does not contain %q", got.body, want)
				}
			}
		})
	}
}
