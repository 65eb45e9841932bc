package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
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

// fileSize and memoryLimit are the issue's: a 64 MiB file through a function
// that stays under 96 MiB resident.
const (
	fileSize    = 64 << 20
	memoryLimit = 96 << 20
)

// checkStream puts random bytes in the bucket and reads them back through the
// URL: the same checksum, chunked, in bounded memory.
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
	req, err := http.NewRequest(http.MethodGet, out.URL+"/files/e2e/big%20file%2B1.bin", nil)
	if err != nil {
		t.Fatal(err)
	}
	if out.APIKey != "" {
		req.Header.Set("X-Api-Key", out.APIKey)
	}
	res, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	digest := sha256.New()
	size, err := io.Copy(digest, res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("status %d after %d bytes: %v", res.StatusCode, size, err)
	}
	want := sha256.Sum256(content)
	if got := digest.Sum(nil); size != fileSize || !bytes.Equal(got, want[:]) {
		t.Fatalf("got %d bytes with sha256 %s, want %d with %s", size, hex.EncodeToString(got), fileSize, hex.EncodeToString(want[:]))
	}
	if len(res.TransferEncoding) != 1 || res.TransferEncoding[0] != "chunked" {
		t.Errorf("transfer encoding %v, want chunked: the body must be sent as it is read", res.TransferEncoding)
	}
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

// functionPeaks finds the function's processes by the environment that the
// platform gives them, and reads each one's peak resident memory in bytes.
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
			continue // ended meanwhile
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
