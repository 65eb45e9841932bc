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

// sharedTemp is the machine's folder of temporary files for the test's commands; empty: os.TempDir.
var sharedTemp string

// shareTemp gives the test's commands a folder of temporary files of its own, open to every user.
func shareTemp(t *testing.T) {
	t.Helper()
	sharedTemp = t.TempDir()
	t.Cleanup(func() { sharedTemp = "" })
	if err := os.Chmod(sharedTemp, 0o777|os.ModeSticky); err != nil {
		t.Fatal(err)
	}
}

// plantPackages puts a file of another user where the AWS provider would write each of the functions'
// packages in the shared folder: the name is "pulumi-asset-" and the package's hash, which everybody
// who has the code can compute (pulumi-terraform-bridge, pkg/tfbridge/assets.go). The sandbox's own
// copies go, so that the next up has to write them. A test that root does not run keeps the owner.
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

// packagesIn are the names of the packages in a folder, one at least.
func packagesIn(t *testing.T, folder string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(folder, "pulumi-asset-*"))
	if err != nil || len(found) == 0 {
		t.Fatalf("the AWS provider has written no package to %s: %v", folder, err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

// checkSharedTemp finds in the shared folder what was planted, as it was, and nothing else, though
// packages of the same names were written since (packages of earlier edits were planted, too); and no
// process of the sandbox with a file of the machine's folder open. PostgreSQL of a root user's sandbox
// may be in a folder of its own there (dataplane.Outside).
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
			t.Errorf("%s was written to the shared folder, or over: %v", file.Name(), err)
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
