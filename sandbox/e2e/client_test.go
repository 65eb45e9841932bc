package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/didomi/serverless-api/client"
	"github.com/didomi/serverless-api/client/transport"
	"github.com/didomi/serverless-api/lambda/openapi"
)

// losing is a RoundTripper that loses the responses to the first requests that match: they are served.
type losing struct {
	matches func(*http.Request) bool
	left    atomic.Int32
}

// lost is the number of responses that are lost.
const lost = 2

func newLosing(matches func(*http.Request) bool) *losing {
	l := &losing{matches: matches}
	l.left.Store(lost)
	return l
}

var errLost = errors.New("the response was lost, for the test")

func (l *losing) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || !l.matches(r) || l.left.Add(-1) < 0 {
		return response, err
	}
	_, err = io.Copy(io.Discard, response.Body)
	return nil, errors.Join(errLost, err, response.Body.Close())
}

// newClient returns a client of the stack's API.
func newClient(t *testing.T, out outputs, options ...transport.Option) *client.Client {
	t.Helper()
	if out.APIKey != "" {
		options = append(options, transport.WithAPIKey(out.APIKey))
	}
	if out.Stacked.Auth == openapi.AuthIAM {
		options = append(options, transport.WithSigV4(awsConfig(out).Credentials, out.Region))
	}
	c, err := client.New(out.URL, options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// checkLostResponses loses the first response to each write of a client (docs/decisions/idempotency.md).
func checkLostResponses(t *testing.T, out outputs) {
	t.Helper()
	for _, c := range []struct {
		name  string
		loses func(*http.Request) bool
		write func(context.Context, *client.Client, string) error
	}{
		{"a creation", method(http.MethodPut), func(ctx context.Context, c *client.Client, id string) error {
			_, err := c.PutItem(ctx, id, map[string]string{"n": id}, client.IfAbsent())
			return err
		}},
		{"a replacement of one version, and its deletion", method(http.MethodPut, http.MethodDelete), func(ctx context.Context, c *client.Client, id string) error {
			item, err := c.PutItem(ctx, id, 1, client.Always())
			if err == nil {
				item, err = c.PutItem(ctx, id, 2, client.IfUnchanged(item.ETag))
			}
			if err == nil {
				err = c.DeleteItem(ctx, id, client.IfUnchanged(item.ETag))
			}
			return err
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			base := newLosing(c.loses)
			if err := c.write(t.Context(), newClient(t, out, transport.WithBase(base)), "e2e-"+strings.ToLower(rand.Text())); err != nil {
				t.Error(err)
			}
			if base.left.Load() == lost {
				t.Error("no response was lost")
			}
		})
	}
}

func method(names ...string) func(*http.Request) bool {
	return func(r *http.Request) bool {
		for _, name := range names {
			if r.Method == name {
				return true
			}
		}
		return false
	}
}

// largeSize is more than the API allows in one request.
const largeSize = 110 << 20

// checkClientFiles uploads a file in parts, breaks off, resumes although responses are lost, and downloads it through the
// redirect to S3 and a broken connection. An aborted upload leaves no file.
func checkClientFiles(t *testing.T, out outputs) {
	t.Helper()
	c := newClient(t, out)
	content := make([]byte, largeSize)
	_, _ = rand.Read(content)
	const key = "e2e/resumed file+1.bin"
	ctx, cancel := context.WithCancelCause(t.Context())
	errStop := errors.New("stopped after the first part, for the test")
	err := c.PutFile(ctx, key, bytes.NewReader(content), largeSize, client.UploadOptions{
		Concurrency: 1, ContentType: "application/x-e2e", Progress: func(client.Upload) { cancel(errStop) },
	})
	unfinished := new(client.Unfinished)
	if !errors.As(err, &unfinished) || !errors.Is(err, errStop) || len(unfinished.Upload.Parts) != 1 {
		t.Fatalf("error %v, want an unfinished upload with one part", err)
	}
	sent := 0
	base := newLosing(method(http.MethodPost)) // of the API, and then of S3's completion
	err = newClient(t, out, transport.WithBase(base)).PutFile(t.Context(), key, bytes.NewReader(content), largeSize, client.UploadOptions{
		Resume: &unfinished.Upload, Progress: func(client.Upload) { sent++ },
	})
	if err != nil || sent != 1 || base.left.Load() > 0 {
		t.Fatalf("resumed: error %v after %d parts, want one, and %d lost responses to come, want none", err, sent, base.left.Load())
	}
	// Another client has completed the upload meanwhile: S3 no longer has it.
	if err := c.PutFile(t.Context(), key, bytes.NewReader(content), largeSize, client.UploadOptions{Resume: &unfinished.Upload}); err != nil {
		t.Errorf("resumed after its completion: %v", err)
	}
	cut := &cuttingTransport{after: 1 << 20}
	file, err := newClient(t, out, transport.WithBase(cut)).File(t.Context(), key, client.DownloadOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	if file.ContentType != "application/x-e2e" || file.Size != largeSize {
		t.Errorf("the file is %d bytes of %s", file.Size, file.ContentType)
	}
	wantContent(t, file, content)
	if cut.bodies < 2 {
		t.Errorf("the download had %d connections, want another one after the first broke", cut.bodies)
	}
	never := client.Upload{Key: "e2e/never.bin", ID: requestUpload(t, out, "e2e/never.bin", largeSize).UploadID, Size: largeSize}
	if err := c.AbortUpload(t.Context(), never); err != nil {
		t.Error(err)
	}
	err = c.PutFile(t.Context(), never.Key, bytes.NewReader(content), largeSize, client.UploadOptions{Resume: &never})
	if err == nil || !strings.Contains(err.Error(), "NoSuchUpload") || errors.As(err, new(*client.Unfinished)) {
		t.Errorf("resumed after it was aborted: %v, want that it is gone", err)
	}
	if _, err := c.Stat(t.Context(), never.Key); !errors.Is(err, transport.ErrNotFound) {
		t.Errorf("an aborted upload: %v", err)
	}
}

// cuttingTransport breaks the first body with a status of success off.
type cuttingTransport struct {
	after  int64
	bodies int
}

func (c *cuttingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil || response.StatusCode/100 != 2 {
		return response, err
	}
	if c.bodies++; c.bodies == 1 {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.MultiReader(io.LimitReader(response.Body, c.after), brokenReader{}), response.Body}
	}
	return response, nil
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }
