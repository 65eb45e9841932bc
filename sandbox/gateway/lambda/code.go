package lambda

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// CodePath serves the zip files of function versions by hash.
const CodePath = call.SandboxPrefix + "code/"

// codeStore stores the zip files of function versions, named by their SHA-256.
// The emulator returns the newest code of a function for every version.
type codeStore struct{ dir string }

// hexHash converts the Lambda API's base64 hash to the file's name.
func hexHash(sha256 string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(sha256)
	if err != nil || len(raw) != 32 {
		return "", fmt.Errorf("%q is not a code hash of Lambda (base64 of a SHA-256)", sha256)
	}
	return hex.EncodeToString(raw), nil
}

func (s *codeStore) path(name string) string { return filepath.Join(s.dir, name+".zip") }

func (s *codeStore) has(name string) bool {
	_, err := os.Stat(s.path(name))
	return err == nil
}

// save writes a zip file atomically.
func (s *codeStore) save(name string, zip io.Reader) error {
	file, err := os.CreateTemp(s.dir, "incoming-*")
	if err != nil {
		return fmt.Errorf("save the code: %w", err)
	}
	_, err = io.Copy(file, zip)
	if err = errors.Join(err, file.Close()); err == nil {
		err = os.Rename(file.Name(), s.path(name))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("save the code: %w", err), os.Remove(file.Name()))
	}
	return nil
}

// saveLatest saves the code that a function has just been created or updated
// with, for versions that will be published.
func (s *Service) saveLatest(ctx context.Context, config functionConfig) error {
	name, err := hexHash(config.CodeSha256)
	if err != nil {
		return err
	}
	if s.code.has(name) {
		return nil
	}
	location := s.Upstream.JoinPath("_ministack", "lambda-code", s.AccountID, s.Region, url.PathEscape(config.FunctionName))
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return fmt.Errorf("fetch the code of %s: %w", config.FunctionName, err)
	}
	response, err := s.Client.Do(r)
	if err != nil {
		return &emulator.UnreachableError{Cause: err}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("fetch the code of %s: the emulator returned %s", config.FunctionName, response.Status)
	}
	return s.code.save(name, response.Body)
}

// Code implements lambdahost.Source.
func (s *Service) Code(_ context.Context, f lambdahost.Function) (io.ReadCloser, error) {
	name, err := hexHash(f.CodeSHA256)
	if err != nil {
		return nil, fmt.Errorf("code of %s: %w", f.ARN, err)
	}
	file, err := os.Open(s.code.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("code of %s: %s was not uploaded through this gateway: %w", f.ARN, f.CodeSHA256, lambdahost.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("code of %s: %w", f.ARN, err)
	}
	return file, nil
}

// ServeCode serves GetFunction's Code.Location.
func (s *Service) ServeCode(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("sha256")
	if raw, err := hex.DecodeString(name); err != nil || len(raw) != 32 || !s.code.has(name) {
		call.WriteError(w, http.StatusNotFound, "NotFound", "no function has this code; GetFunction returns the current Code.Location")
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	http.ServeFile(w, r, s.code.path(name))
}
