package function

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/didomi/serverless-api/internal/compile"
)

// Code is what the functions are deployed from, built of one source.
type Code struct {
	// APIPath is the zip file of the function that serves requests.
	APIPath string
	// OperationsPath is the zip file of the functions that a deployment and Secrets Manager invoke.
	OperationsPath string
	// SHA256 is the hash of both zips, in hexadecimal.
	SHA256 string
	// MigrationsSHA256 is the hash of every migration in the source, names and contents.
	MigrationsSHA256 string
}

// operations is the path of the operations command, relative to the API's.
const operations = "./operations"

// Build compiles the API's command in sourceDir, and the operations command below it, for an architecture ("arm64" or
// "x86_64"), and packs each into a zip under outputDir, at a path named after its content. The same source makes the
// same zips byte for byte, in any directory and at any time. So an update of an unchanged source changes nothing, and
// one that changes the source of one command changes one zip. It needs the go command on PATH.
func Build(sourceDir, outputDir, architecture string) (Code, error) {
	migrations, err := hashFiles(sourceDir, ".sql")
	if err != nil {
		return Code{}, fmt.Errorf("api: read the migrations under %s: %w", sourceDir, err)
	}
	code := Code{MigrationsSHA256: migrations}
	both := sha256.New()
	for _, build := range []struct {
		command string
		path    *string
	}{{".", &code.APIPath}, {operations, &code.OperationsPath}} {
		var sum [sha256.Size]byte
		if *build.path, sum, err = buildZip(sourceDir, build.command, outputDir, architecture); err != nil {
			return Code{}, err
		}
		both.Write(sum[:])
	}
	code.SHA256 = hex.EncodeToString(both.Sum(nil))
	return code, nil
}

// buildZip makes the zip of one command and returns its path and hash.
func buildZip(sourceDir, command, outputDir, architecture string) (path string, sum [sha256.Size]byte, err error) {
	binary, err := compileBinary(sourceDir, command, architecture)
	if err != nil {
		return "", sum, err
	}
	archive, err := pack("bootstrap", binary)
	if err != nil {
		return "", sum, fmt.Errorf("api: pack the function: %w", err)
	}
	sum = sha256.Sum256(archive)
	path = filepath.Join(outputDir, hex.EncodeToString(sum[:]), "function.zip")
	if err := writeOnce(path, archive); err != nil {
		return "", sum, fmt.Errorf("api: write the function's zip: %w", err)
	}
	return path, sum, nil
}

// compileBinary builds a command for Lambda and returns the binary.
func compileBinary(source, command, architecture string) ([]byte, error) {
	scratch, err := os.MkdirTemp("", "function-")
	if err != nil {
		return nil, fmt.Errorf("api: create a directory to build in: %w", err)
	}
	defer func() { _ = os.RemoveAll(scratch) }()
	out := filepath.Join(scratch, "bootstrap")
	cmd, err := compile.Command(source, command, architecture, out)
	if err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	if report, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("api: the function in %s does not build: %w\n%s", filepath.Join(source, command), err, bytes.TrimSpace(report))
	}
	return os.ReadFile(out)
}

// packedAt is the time that files in the zip carry, the earliest that the format knows.
var packedAt = time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC)

// pack makes a zip with one executable file.
func pack(name string, content []byte) ([]byte, error) {
	header := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: packedAt}
	header.SetMode(0o755)
	var archive bytes.Buffer
	w := zip.NewWriter(&archive)
	entry, err := w.CreateHeader(header)
	if err != nil {
		return nil, err
	}
	if _, err := entry.Write(content); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return archive.Bytes(), nil
}

// writeOnce puts the file in place whole or not at all; one that is there already has this content,
// since its path names it.
func writeOnce(path string, content []byte) error {
	if info, err := os.Stat(path); err == nil && info.Size() == int64(len(content)) {
		return nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "part-")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(temp.Name()) }()
	if _, err := temp.Write(content); err != nil {
		return errors.Join(err, temp.Close())
	}
	if err := temp.Close(); err != nil {
		return err
	}
	if err := os.Chmod(temp.Name(), 0o644); err != nil {
		return err
	}
	return os.Rename(temp.Name(), path)
}

// hashFiles hashes every file with that extension under root, with its place below root.
func hashFiles(root, extension string) (string, error) {
	hash := sha256.New()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, extension) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		place, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(hash, "%s %d\n%s", filepath.ToSlash(place), len(content), content)
		return err
	})
	return hex.EncodeToString(hash.Sum(nil)), err
}
