package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/sandbox/child"
)

// The function must stream a file of fileSize with less than memoryLimit resident. streamMax is the largest body that the
// stacks stream; the part of it above "unthrottled" is limited to 2 MB/s.
const (
	fileSize    = 64 << 20
	memoryLimit = 96 << 20
	streamMax   = 16_000_000
	unthrottled = 6_000_000
)

// checkStream stores random bytes in the bucket and reads them through the URL in ranges, one of them as large as the
// stack streams: with the same checksum, chunked, in bounded memory. The complete file is a redirect to S3, with the
// same bytes.
func checkStream(t *testing.T, out outputs) {
	t.Helper()
	content := make([]byte, fileSize)
	_, _ = rand.Read(content)
	_, err := s3.NewFromConfig(awsConfig(out)).PutObject(context.Background(), &s3.PutObjectInput{
		Bucket: aws.String(out.Bucket), Key: aws.String("e2e/big file+1.bin"), Body: bytes.NewReader(content),
	})
	if err != nil {
		t.Fatal(err)
	}
	for from, to := 0, streamMax; from < fileSize; from, to = to, min(to+unthrottled, fileSize) {
		res := getBig(t, out, fmt.Sprintf("bytes=%d-%d", from, to-1), http.StatusPartialContent)
		wantContent(t, res.Body, content[from:to])
		_ = res.Body.Close()
		if len(res.TransferEncoding) != 1 || res.TransferEncoding[0] != "chunked" {
			t.Errorf("transfer encoding %v, want chunked: the body must be sent as it is read", res.TransferEncoding)
		}
	}
	elsewhere := getBig(t, out, "bytes=0-"+strconv.Itoa(streamMax), http.StatusTemporaryRedirect)
	_ = elsewhere.Body.Close()
	complete := getBig(t, out, "", http.StatusTemporaryRedirect)
	_ = complete.Body.Close()
	atS3, err := httpClient.Get(complete.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	wantContent(t, atS3.Body, content)
	_ = atS3.Body.Close()
	peaks := functionPeaks(t)
	if len(peaks) == 0 {
		t.Fatal("no function process is running")
	}
	for pid, peak := range peaks {
		t.Logf("function process %d: peak resident %d MiB", pid, peak>>20)
		if peak >= memoryLimit {
			t.Errorf("function process %d: peak resident %d MiB, want under %d", pid, peak>>20, memoryLimit>>20)
		}
	}
}

// getBig reads the large file, or a range of it, without following redirects.
func getBig(t *testing.T, out outputs, rng string, want int) *http.Response {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, out.URL+"/files/e2e/big%20file%2B1.bin", nil)
	if err != nil {
		t.Fatal(err)
	}
	if rng != "" {
		req.Header.Set("Range", rng)
	}
	direct := *httpClient
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	res, err := direct.Do(authenticated(out, req))
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != want {
		t.Fatalf("range %q: status %d, want %d", rng, res.StatusCode, want)
	}
	return res
}

// wantContent reads the body to its end and compares it.
func wantContent(t *testing.T, body io.Reader, content []byte) {
	t.Helper()
	digest := sha256.New()
	size, err := io.Copy(digest, body)
	if err != nil {
		t.Fatalf("after %d bytes: %v", size, err)
	}
	want := sha256.Sum256(content)
	if got := digest.Sum(nil); size != int64(len(content)) || !bytes.Equal(got, want[:]) {
		t.Fatalf("got %d bytes with sha256 %s, want %d with %s", size, hex.EncodeToString(got), len(content), hex.EncodeToString(want[:]))
	}
}

// functionPeaks returns the peak resident memory in bytes of each process of the function. It finds them by the
// environment that the platform sets.
func functionPeaks(t *testing.T) map[int]int64 {
	t.Helper()
	marker := "SANDBOX_ROOT=" + filepath.Join(repository(t), ".sandbox")
	peaks := map[int]int64{}
	environs, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range environs {
		environ, err := os.ReadFile(path)
		if err != nil {
			continue // has exited
		}
		if text := "\x00" + string(environ); !strings.Contains(text, "\x00AWS_LAMBDA_RUNTIME_API=") || !strings.Contains(text, "\x00"+marker+"\x00") {
			continue
		}
		pid, err := strconv.Atoi(strings.Split(path, "/")[2])
		if err != nil {
			t.Fatal(err)
		}
		if peak := child.MemoryOf(pid).Peak; peak > 0 {
			peaks[pid] = peak
		}
	}
	return peaks
}
