package files_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
)

// slowS3 is an S3 of one object with delays before its responses and
// before the first byte of a body. The clock is the test's.
type slowS3 struct {
	files.API
	content  []byte
	response time.Duration
	body     func(request int32) time.Duration
	requests atomic.Int32
}

func (s *slowS3) GetObject(ctx context.Context, in *s3.GetObjectInput, _ ...func(*s3.Options)) (*s3.GetObjectOutput, error) {
	request := s.requests.Add(1)
	if err := sleep(ctx, s.response); err != nil {
		return nil, err
	}
	out := &s3.GetObjectOutput{ETag: aws.String(`"E1"`)}
	from, to := 0, len(s.content)
	if in.Range != nil {
		if _, err := fmt.Sscanf(*in.Range, "bytes=%d-%d", &from, &to); err != nil {
			return nil, err
		}
		out.ContentRange = aws.String(fmt.Sprintf("bytes %d-%d/%d", from, to, len(s.content)))
		to++
	}
	out.ContentLength = aws.Int64(int64(to - from))
	out.Body = io.NopCloser(&slowBody{ctx, s.body(request), bytes.NewReader(s.content[from:to])})
	return out, nil
}

func (s *slowS3) HeadObject(ctx context.Context, _ *s3.HeadObjectInput, _ ...func(*s3.Options)) (*s3.HeadObjectOutput, error) {
	return &s3.HeadObjectOutput{}, sleep(ctx, s.response)
}

// slowBody ends with the context of its request, as one of net/http does.
type slowBody struct {
	ctx   context.Context
	delay time.Duration
	rest  io.Reader
}

func (b *slowBody) Read(p []byte) (int, error) {
	err := sleep(b.ctx, b.delay)
	if b.delay = 0; err != nil {
		return 0, err
	}
	return b.rest.Read(p)
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *slowS3) bucket() *files.Bucket {
	return files.New("bucket", func() files.Client { return files.Client{API: s} })
}

func never(int32) time.Duration { return 0 }

// The first response is awaited for 10 s.
func TestAnUnresponsiveS3IsUnavailableWithinTheTimeout(t *testing.T) {
	for name, ask := range map[string]func(context.Context, *files.Bucket) error{
		"to a read": func(ctx context.Context, b *files.Bucket) error {
			_, err := b.Open(ctx, "a", "", "")
			return err
		},
		"to HeadObject": func(ctx context.Context, b *files.Bucket) error {
			_, err := b.Stat(ctx, "a")
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				err := ask(t.Context(), (&slowS3{response: time.Hour, body: never}).bucket())
				if took := time.Since(began); fault.KindOf(err) != fault.Unavailable || took != 10*time.Second {
					t.Errorf("after %s: %v", took, err)
				}
			})
		})
	}
}

func TestAStartedBodyMayTakeLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &slowS3{content: content(1000), response: 9 * time.Second, body: func(int32) time.Duration { return time.Minute }}
		object, err := s.bucket().Open(t.Context(), "a", "", "")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(object.Body); err != nil || !bytes.Equal(got, s.content) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		_ = object.Body.Close()
	})
}

func TestAChunkThatTakesTooLongIsReadAgain(t *testing.T) {
	whole := content(5 * chunkSize)
	for name, test := range map[string]struct {
		slow  func(request int32) bool
		whole bool
		most  time.Duration
	}{
		"once":     {func(request int32) bool { return request == 2 }, true, 11 * time.Second},
		"for ever": {func(request int32) bool { return request > 1 }, false, 61 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &slowS3{content: whole, body: func(request int32) time.Duration {
					if test.slow(request) {
						return time.Hour
					}
					return 0
				}}
				object, err := s.bucket().Open(t.Context(), "a", "", "")
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				got, err := io.ReadAll(object.Body)
				_ = object.Body.Close()
				if test.whole && (err != nil || !bytes.Equal(got, whole)) || !test.whole && fault.KindOf(err) != fault.Unavailable {
					t.Errorf("got %d bytes, %v", len(got), err)
				}
				if took := time.Since(began); took < 10*time.Second || took > test.most {
					t.Errorf("it took %s", took)
				}
			})
		})
	}
}

// S3's message of an access denial contains the key.
func TestAFailureOfS3DoesNotNameTheObject(t *testing.T) {
	for _, status := range []int{400, 403, 404, 412, 416, 429, 503} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			b := bucket(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("X-Amz-Request-Id", "REQUEST1")
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `<Error><Code>SomeCode</Code><Message>User: arn:aws:iam::1:role/r is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::bucket/jane.doe"</Message></Error>`)
			})
			_, err := b.Open(t.Context(), "jane.doe", "", "")
			text := fmt.Sprint(err)
			if strings.Contains(text, "jane") {
				t.Errorf("the error names the object: %s", text)
			}
			for _, expected := range []string{fmt.Sprint(status), "SomeCode", "REQUEST1"} {
				if !strings.Contains(text, expected) {
					t.Errorf("the error lacks %s: %s", expected, text)
				}
			}
		})
	}
}
