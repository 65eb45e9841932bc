package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
)

// uploads is an S3 that starts and ends multipart uploads of the id U1.
type uploads struct {
	mu      sync.Mutex
	started []string // their media types
	ended   []string // their ids
	status  int      // of an upload that is ended
}

func (u *uploads) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch query := r.URL.Query(); {
	case r.Method == http.MethodPost && query.Has("uploads"):
		u.started = append(u.started, r.Header.Get("Content-Type"))
		_, _ = io.WriteString(w, `<InitiateMultipartUploadResult><UploadId>U1</UploadId></InitiateMultipartUploadResult>`)
	case r.Method == http.MethodDelete:
		u.ended = append(u.ended, query.Get("uploadId"))
		w.WriteHeader(max(u.status, http.StatusNoContent))
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// bucket returns a Bucket over the uploads whose signatures carry the token.
func (u *uploads) bucket(t *testing.T, token string) *files.Bucket {
	t.Helper()
	server := httptest.NewServer(u)
	t.Cleanup(server.Close)
	return files.New("bucket", func() files.Client { return connect(server.URL, token) })
}

// collect requests all pages of an upload and returns them.
func collect(t *testing.T, b *files.Bucket, key string, size int64) []files.Upload {
	t.Helper()
	partsPage, err := b.Upload(t.Context(), key, size, "video/mp4")
	if err != nil {
		t.Fatal(err)
	}
	all := []files.Upload{partsPage}
	for partsPage.NextPart != 0 {
		if partsPage, err = b.Parts(t.Context(), key, partsPage.UploadID, size, partsPage.NextPart); err != nil {
			t.Fatal(err)
		}
		all = append(all, partsPage)
	}
	return all
}

func TestMultipartUpload(t *testing.T) {
	for name, test := range map[string]struct {
		size, part   int64
		parts, pages int
	}{
		"just over one piece":    {100<<20 + 1, 64 << 20, 2, 1},
		"of equal parts":         {128 << 20, 64 << 20, 2, 1},
		"with a small last one":  {128<<20 + 1, 64 << 20, 3, 1},
		"of one page":            {250 * 64 << 20, 64 << 20, 250, 1},
		"of one page and a byte": {250*64<<20 + 1, 64 << 20, 251, 2},
		"of the largest size":    {files.MaxSize, (files.MaxSize + 9999) / 10000, 10000, 40},
	} {
		t.Run(name, func(t *testing.T) {
			s3 := &uploads{}
			pages := collect(t, s3.bucket(t, "token"), "a b", test.size)
			if len(pages) != test.pages || len(s3.started) != 1 || s3.started[0] != "video/mp4" || len(s3.ended) != 0 {
				t.Fatalf("%d pages, started %q, ended %q", len(pages), s3.started, s3.ended)
			}
			sum, number := int64(0), int32(0)
			for _, partsPage := range pages {
				if partsPage.UploadID != "U1" || partsPage.Request != nil || partsPage.PartSize != test.part || partsPage.PartCount != int32(test.parts) || partsPage.Key != "a b" {
					t.Fatalf("got %+v", partsPage)
				}
				for _, part := range partsPage.Parts {
					number++
					sum += part.Size
					if last := int(number) == test.parts; part.Number != number || part.Size != test.part && !last || part.Size > test.part {
						t.Fatalf("part %d: %+v", number, part)
					}
				}
				for method, end := range map[string]*files.Request{"POST": partsPage.Complete, "DELETE": partsPage.Abort} {
					if query := signed(t, end.URL, time.Hour); end.Method != method || query.Get("uploadId") != "U1" || query.Has("partNumber") {
						t.Errorf("%s: %+v", method, end)
					}
				}
			}
			if sum != test.size || int(number) != test.parts {
				t.Errorf("%d parts have %d bytes", number, sum)
			}
			query := signed(t, pages[0].Parts[1].URL, time.Hour)
			if query.Get("partNumber") != "2" || query.Get("uploadId") != "U1" {
				t.Errorf("part 2: %v", query)
			}
		})
	}
}

// A session token has no bound that AWS names; those of a function's role have 1
// to 2 KB, all of it in every address.
func TestAPageOfPartsFitsIntoALambdaResponse(t *testing.T) {
	for name, token := range map[string]string{
		"with a token as AWS gives them": strings.Repeat("IQoJb3JpZ2luX2VjEA+/", 100),
		"with a very long one":           strings.Repeat("/+=", 4000),
	} {
		for key, text := range map[string]string{"a short key": "a", "the longest key": strings.Repeat("é", 512)} {
			t.Run(name+" and "+key, func(t *testing.T) {
				b := (&uploads{}).bucket(t, token)
				partsPage, err := b.Upload(t.Context(), text, files.MaxSize, "")
				if err != nil || len(partsPage.Parts) == 0 || partsPage.NextPart != int32(len(partsPage.Parts))+1 {
					t.Fatalf("%d parts, then %d, %v", len(partsPage.Parts), partsPage.NextPart, err)
				}
				body, err := json.Marshal(partsPage)
				if err != nil {
					t.Fatal(err)
				}
				response, err := json.Marshal(string(body)) // as it is in the response
				if err != nil || len(response) > runtimeapi.MaxResponse/2 {
					t.Errorf("a response of %d bytes has %d parts, %v", len(response), len(partsPage.Parts), err)
				}
				next, err := b.Parts(t.Context(), text, partsPage.UploadID, files.MaxSize, partsPage.NextPart)
				if err != nil || len(next.Parts) == 0 || next.Parts[0].Number != partsPage.NextPart {
					t.Errorf("%d parts are next, %v", len(next.Parts), err)
				}
				t.Logf("a response of %d bytes has %d parts", len(response), len(partsPage.Parts))
			})
		}
	}
}

// brokenSigner signs so many parts and then fails.
type brokenSigner struct {
	files.Signer
	left int
}

var errSigner = errors.New("no credentials")

func (s *brokenSigner) PresignUploadPart(ctx context.Context, in *s3.UploadPartInput, opts ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error) {
	if s.left--; s.left < 0 {
		return nil, errSigner
	}
	return s.Signer.PresignUploadPart(ctx, in, opts...)
}

func (s *brokenSigner) PresignUpload(context.Context, string, string, string, string, time.Duration) (string, error) {
	return "", errSigner
}

func TestAnUploadWithoutAResponseIsAborted(t *testing.T) {
	for name, signs := range map[string]int{"at its first part": 0, "at its second part": 1, "at its end": 2} {
		for how, status := range map[string]int{"": 204, ", which fails too": 403} {
			t.Run("for a signature that fails "+name+how, func(t *testing.T) {
				u := &uploads{status: status}
				server := httptest.NewServer(u)
				defer server.Close()
				b := files.New("bucket", func() files.Client {
					client := connect(server.URL, "token")
					client.Signer = &brokenSigner{client.Signer, signs}
					return client
				})
				_, err := b.Upload(t.Context(), "a", 128<<20, "")
				if !errors.Is(err, errSigner) || fault.KindOf(err) != fault.Internal || len(u.ended) != 1 || u.ended[0] != "U1" {
					t.Errorf("%v; ended %q", err, u.ended)
				}
			})
		}
	}
	t.Run("for a request that has been answered meanwhile", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		u := &uploads{}
		server := httptest.NewServer(u)
		defer server.Close()
		b := files.New("bucket", func() files.Client {
			client := connect(server.URL, "token")
			client.API = &canceling{client.API, cancel}
			return client
		})
		if _, err := b.Upload(ctx, "a", 128<<20, ""); fault.KindOf(err) != fault.Unavailable || len(u.ended) != 1 {
			t.Errorf("%v; ended %q", err, u.ended)
		}
	})
}

// canceling ends a request's context once an upload has been started.
type canceling struct {
	files.API
	cancel context.CancelFunc
}

func (c *canceling) CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, opts ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	out, err := c.API.CreateMultipartUpload(ctx, in, opts...)
	c.cancel()
	return out, err
}

func TestPartNumbersOutOfRangeAreRejected(t *testing.T) {
	b := (&uploads{}).bucket(t, "token")
	for name, test := range map[string]struct {
		size  int64
		first int32
		kind  fault.Kind
	}{
		"part 0":                      {128 << 20, 0, fault.Invalid},
		"a negative part":             {128 << 20, -1, fault.Invalid},
		"a part after the last":       {128 << 20, 3, fault.Invalid},
		"of a file that has no parts": {100 << 20, 1, fault.Invalid},
		"of a file of no size":        {0, 1, fault.Invalid},
		"of a file that is too large": {files.MaxSize + 1, 1, fault.TooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			if partsPage, err := b.Parts(t.Context(), "a", "U1", test.size, test.first); fault.KindOf(err) != test.kind || partsPage.Parts != nil {
				t.Errorf("%d parts, %v", len(partsPage.Parts), err)
			}
		})
	}
}
