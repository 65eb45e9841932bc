package files_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
)

// bucket returns a Bucket whose S3 responds with response.
func bucket(t *testing.T, response http.HandlerFunc) *files.Bucket {
	server := httptest.NewServer(response)
	t.Cleanup(server.Close)
	return bucketAt(server.URL)
}

func bucketAt(endpoint string) *files.Bucket {
	return files.New("bucket", func() files.Client { return connect(endpoint, "token") })
}

func connect(endpoint, token string) files.Client {
	return files.Connect(aws.Config{
		Region: "eu-west-1", BaseEndpoint: &endpoint,
		Credentials: credentials.NewStaticCredentialsProvider("key", "secret", token),
		Retryer:     func() aws.Retryer { return aws.NopRetryer{} },
	})
}

func TestOpen(t *testing.T) {
	b := bucket(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.EscapedPath() != "/bucket/a%20b/%C3%A9%2Bc" || r.Header.Get("Range") != "bytes=2-4" || r.Header.Get("If-Match") != `"E1"` {
			t.Errorf("asked for %s of %s as of %s", r.Header.Get("Range"), r.URL.EscapedPath(), r.Header.Get("If-Match"))
		}
		for name, value := range map[string]string{
			"ETag": `"E1"`, "Content-Range": "bytes 2-4/10", "Last-Modified": "Fri, 02 Jan 2026 03:04:05 GMT",
			"Content-Type": "text/plain", "Cache-Control": "max-age=5", "Content-Disposition": "inline", "Content-Encoding": "gzip", "Content-Language": "fr",
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.WriteString(w, "234")
	})
	object, err := b.Open(t.Context(), "a b/é+c", "bytes=2-4", `"E1"`)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(object.Body)
	if err != nil || string(body) != "234" || object.Size != 3 || object.ETag != `"E1"` || object.ContentRange != "bytes 2-4/10" || len(object.Header) != 5 {
		t.Fatalf("got %q of %+v, %v", body, object, err)
	}
	if err := object.Body.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestStatusesOfS3(t *testing.T) {
	for status, expected := range map[int]fault.Kind{
		404: fault.NotFound, 412: fault.Unavailable, 416: fault.Malformed, 403: fault.Internal, 400: fault.Internal,
		500: fault.Unavailable, 503: fault.Unavailable, 429: fault.Unavailable,
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			b := bucket(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
			if _, err := b.Open(t.Context(), "a", "", ""); err == nil || fault.KindOf(err) != expected ||
				errors.Is(err, files.ErrRange) != (status == 416) || errors.Is(err, files.ErrReplaced) != (status == 412) {
				t.Errorf("open: %v, want a fault of kind %s", err, expected)
			}
			if _, err := b.Stat(t.Context(), "a"); err == nil || fault.KindOf(err) != expected {
				t.Errorf("stat: %v, want a fault of kind %s", err, expected)
			}
			if err := b.Ping(t.Context()); (err == nil) != (status == 404) {
				t.Errorf("ping: %v", err)
			}
		})
	}
}

func TestAnUnreachableS3IsUnavailable(t *testing.T) {
	late, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	for name, test := range map[string]struct {
		ctx    context.Context
		bucket *files.Bucket
	}{
		"no time is left": {late, bucket(t, nil)},
		"nothing listens": {t.Context(), bucketAt("http://127.0.0.1:1")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := test.bucket.Open(test.ctx, "jane.doe", "", "")
			if fault.KindOf(err) != fault.Unavailable || strings.Contains(fmt.Sprint(err), "jane") {
				t.Fatalf("got %v", err)
			}
		})
	}
}

// signed checks that an address is presigned for its key and returns its query.
func signed(t *testing.T, address string, expires time.Duration) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	query := u.Query()
	if u.EscapedPath() != "/bucket/a%20b" || query.Get("X-Amz-Signature") == "" || query.Get("X-Amz-Security-Token") != "token" {
		t.Errorf("not presigned for the key: %s", address)
	}
	if got := query.Get("X-Amz-Expires"); got != fmt.Sprint(int(expires.Seconds())) {
		t.Errorf("it is good for %s s: %s", got, address)
	}
	if strings.Contains(strings.ToLower(address), "crc32") {
		t.Errorf("it has a checksum of an empty body: %s", address)
	}
	return query
}

func TestLink(t *testing.T) {
	link, err := bucket(t, nil).Link(t.Context(), "a b", http.Header{
		"Content-Type": {"text/html"}, "Content-Disposition": {"attachment"}, "Cache-Control": {"private, no-cache"}, "Content-Language": {"en"},
	})
	if err != nil {
		t.Fatal(err)
	}
	signed(t, link, 5*time.Minute)
	address, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	for name, expected := range map[string]string{
		"response-content-type": "text/html", "response-content-disposition": "attachment", "response-cache-control": "private, no-cache",
	} {
		if got := address.Query().Get(name); got != expected {
			t.Errorf("%s is %q, want %q", name, got, expected)
		}
	}
}

func TestSinglePutUpload(t *testing.T) {
	b := bucket(t, nil)
	for name, test := range map[string]struct {
		size        int64
		contentType string
		headers     []string
	}{
		"of unknown size":        {0, "", nil},
		"of the largest size":    {100 << 20, "", []string{"Content-Length"}},
		"of a type and of bytes": {5, "text/plain", []string{"Content-Length", "Content-Type"}},
	} {
		t.Run(name, func(t *testing.T) {
			upload, err := b.Upload(t.Context(), "a b", test.size, test.contentType)
			if err != nil || upload.Method != "PUT" || upload.Parts != nil || upload.Key != "a b" {
				t.Fatalf("got %+v, %v", upload, err)
			}
			signed(t, upload.URL, 15*time.Minute)
			var headers []string
			for name := range upload.Headers {
				headers = append(headers, name)
			}
			if slices.Sort(headers); !slices.Equal(headers, test.headers) {
				t.Errorf("headers %v", upload.Headers)
			}
		})
	}
}

func TestAFileThatS3CannotHoldIsTooLarge(t *testing.T) {
	if _, err := bucket(t, nil).Upload(t.Context(), "a", files.MaxSize+1, ""); fault.KindOf(err) != fault.TooLarge {
		t.Fatalf("got %v", err)
	}
}
