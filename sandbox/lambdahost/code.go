package lambdahost

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
)

// maxUnpacked is the quota of a deployment package's unpacked size in bytes (Lambda quotas: 250 MB).
const maxUnpacked = 250 * 1024 * 1024

// codeStore keeps unpacked deployment packages, one directory per content.
type codeStore struct {
	dir string
	mu  sync.Mutex // serializes downloads
}

// directory returns the directory of the function's unpacked package, which it downloads if missing.
func (s *codeStore) directory(ctx context.Context, source Source, f Function) (string, error) {
	want, err := base64.StdEncoding.DecodeString(f.CodeSHA256)
	if err != nil || len(want) != sha256.Size {
		return "", fmt.Errorf("code of %s: CodeSha256 %q is not the base64 of a SHA-256", f.Name, f.CodeSHA256)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	target := filepath.Join(s.dir, hex.EncodeToString(want))
	if _, err := os.Stat(target); err == nil {
		return target, nil
	}
	archive := target + ".zip"
	defer func() { _ = os.Remove(archive) }()
	if err := fetchCode(ctx, source, f, archive, want); err != nil {
		return "", fmt.Errorf("code of %s: %w", f.Name, err)
	}
	if err := atomicfile.Create(target, func(temporary string) error { return unzip(archive, temporary) }); err != nil {
		return "", fmt.Errorf("unpack code of %s: %w", f.Name, err)
	}
	return target, nil
}

// fetchCode downloads the package to path and checks its digest.
func fetchCode(ctx context.Context, source Source, f Function, path string, want []byte) (err error) {
	body, err := source.Code(ctx, f)
	if err != nil {
		return fmt.Errorf("download: %w", err)
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	file, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), body)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("download: %w", err)
	}
	if got := sum.Sum(nil); string(got) != string(want) {
		return fmt.Errorf("the zip's SHA-256 is %x, the control plane says %x", got, want)
	}
	return nil
}

// unzip unpacks the archive into dir and rejects entries outside it.
func unzip(archive, dir string) (err error) {
	z, err := zip.OpenReader(archive)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, z.Close()) }()
	left := int64(maxUnpacked)
	for _, entry := range z.File {
		if !filepath.IsLocal(entry.Name) {
			return fmt.Errorf("entry %q leads out of the package", entry.Name)
		}
		n, err := unzipEntry(entry, filepath.Join(dir, entry.Name), left)
		if err != nil {
			return fmt.Errorf("entry %q: %w", entry.Name, err)
		}
		left -= n
	}
	return os.MkdirAll(dir, 0o700) // an empty package also has a directory
}

func unzipEntry(entry *zip.File, path string, left int64) (n int64, err error) {
	if strings.HasSuffix(entry.Name, "/") {
		return 0, os.MkdirAll(path, 0o700)
	}
	if !entry.Mode().IsRegular() {
		return 0, fmt.Errorf("mode %s: only files and directories are supported", entry.Mode())
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return 0, err
	}
	in, err := entry.Open()
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, entry.Mode().Perm())
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(out, io.LimitReader(in, left+1))
	if n > left {
		err = fmt.Errorf("the package is larger than %d bytes unpacked", maxUnpacked)
	}
	return n, errors.Join(err, out.Close())
}
