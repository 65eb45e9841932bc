package lambdahost

import (
	"io"
	"testing"
	"testing/synctest"
	"time"
)

// AWS Lambda developer guide, "Response streaming for Lambda functions": the first 6 MB are not throttled, the rest is
// limited to 2 MB/s. So 200 MB occupy an environment for 97 seconds, and 16 MB for five.
func TestAStreamIsThrottledAfterItsFirstMegabytes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		bytes int64
		rate  int64
		takes time.Duration
	}{
		{"the unthrottled part takes no time", 6_000_000, StreamRate, 0},
		{"16 MB take five seconds", 16_000_000, StreamRate, 5 * time.Second},
		{"200 MB take 97 seconds", 200_000_000, StreamRate, 97 * time.Second},
		{"a stream without a rate takes no time", 200_000_000, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				n, err := io.Copy(io.Discard, &paced{from: io.LimitReader(zeros{}, tt.bytes), rate: tt.rate})
				if took := time.Since(began); err != nil || n != tt.bytes || took != tt.takes {
					t.Errorf("%d bytes in %s, %v; want %d in %s", n, took, err, tt.bytes, tt.takes)
				}
			})
		})
	}
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { return len(b), nil }
