package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/dataplane"
)

// sharedTemp is the shared directory of temporary files of the test's commands; empty: os.TempDir.
var sharedTemp string

// shareTemp gives the test's commands another shared directory of temporary files, open to every user.
func shareTemp(t *testing.T) {
	t.Helper()
	sharedTemp = t.TempDir()
	t.Cleanup(func() { sharedTemp = "" })
	if err := os.Chmod(sharedTemp, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
}

// plantPackages creates files of another user under the names to which the AWS provider would write the functions'
// packages in the shared directory: "pulumi-asset-" and the package's hash, which is predictable from the code
// (pulumi-terraform-bridge, pkg/tfbridge/assets.go). It deletes the sandbox's own copies, so that the next up must
// write them. If the user is not root, the files keep their owner.
func plantPackages(t *testing.T) {
	t.Helper()
	for _, name := range packagesIn(t, sandboxLayout(t).Temp()) {
		if err := os.Remove(filepath.Join(sandboxLayout(t).Temp(), name)); err != nil {
			t.Fatal(err)
		}
		planted := filepath.Join(sharedTemp, name)
		if err := os.WriteFile(planted, []byte(name), 0o400); err != nil {
			t.Fatal(err)
		}
		if os.Geteuid() != 0 {
			continue
		}
		if err := os.Chown(planted, 12345, 12345); err != nil {
			t.Fatal(err)
		}
	}
}

// packagesIn returns the names of the packages in a directory, at least one.
func packagesIn(t *testing.T, directory string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(directory, "pulumi-asset-*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("the AWS provider has written no package to %s: %v", directory, err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// checkSharedTemp checks that the shared directory contains only the planted files, unchanged, although packages with
// the same names were written since then (packages of earlier edits were planted, too), and that no process of the
// sandbox has a file of the shared directory open. For the user root, PostgreSQL may have its own directory there
// (dataplane.Outside).
func checkSharedTemp(t *testing.T) {
	t.Helper()
	l := sandboxLayout(t)
	files, err := os.ReadDir(sharedTemp)
	if err != nil {
		t.Fatal(err)
	}
	written, met := packagesIn(t, l.Temp()), 0
	for _, file := range files {
		if slices.Contains(written, file.Name()) {
			met++
		}
		content, err := os.ReadFile(filepath.Join(sharedTemp, file.Name()))
		if err != nil || string(content) != file.Name() {
			t.Errorf("%s was written to the shared directory, or over: %v", file.Name(), err)
		}
	}
	if met == 0 {
		t.Errorf("none of the packages %q was planted", written)
	}
	pids, err := child.Marked(l.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range pids {
		open, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range open {
			path, err := os.Readlink(file)
			shared := strings.HasPrefix(path, os.TempDir()+"/") && !strings.HasPrefix(path, l.Root) && !strings.HasPrefix(path, dataplane.Outside(l.Root))
			if err == nil && shared {
				t.Errorf("process %d has %s open", pid, path)
			}
		}
	}
}
