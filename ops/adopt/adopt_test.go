package adopt_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/adopt"
	"github.com/didomi/serverless-api/ops/command"
)

// original is a project before it is adopted. Its names are also parts of other words.
var original = map[string]string{
	"go.mod":           "module git.example/old/api\n",
	"Pulumi.yaml":      "name: shop\nconfig:\n  shop:tags: {application: shop}\n",
	"Pulumi.prod.yaml": "config:\n  shop:dns:\n    domain: shop.example\n",
	"main.go": "package main\n\nimport (\n\t_ \"git.example/old/api/dns\"\n\t_ \"git.example/other\"\n)\n\n" +
		"const token = \"shop:dns:DNS\" // of shop-prod-dns, workshop\n",
	"ci.yml": "origin: https://gitlab.com/old/api.git\nShop: true\n",
	"binary": "\x00shop",
}

var flags = []string{"--name", "payments", "--module", "zeta.example/acme/pay", "--domain", "acme.example"}

// newRepository creates a repository with one commit, the working directory of the test.
func newRepository(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	git(t, "init", "--quiet", "--initial-branch", "main")
	git(t, "config", "user.name", "test")
	git(t, "config", "user.email", "test@example.com")
	for path, text := range original {
		write(t, path, text)
	}
	commit(t)
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.FromSlash(path), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func commit(t *testing.T) {
	t.Helper()
	git(t, "add", ".")
	git(t, "commit", "--quiet", "--message", "a change")
}

func git(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("git", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("git %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// run runs the command, and returns the exit code and what it prints.
func run(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out bytes.Buffer
	code := command.Main(t.Context(), []command.Command{{Name: "adopt", Run: adopt.Run}},
		command.IO{Stdout: &out, Stderr: &out}, append([]string{"adopt"}, args...))
	return code, out.String()
}

// expect compares a file with its expected content.
func expect(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Errorf("%s is\n%s\nwant\n%s", path, got, want)
	}
}

func TestAdoptRenamesEverythingInOneCommit(t *testing.T) {
	newRepository(t)
	code, out := run(t, flags...)
	if code != command.Done {
		t.Fatalf("exit %d: %s", code, out)
	}
	expect(t, "go.mod", "module zeta.example/acme/pay\n")
	expect(t, "Pulumi.yaml", "name: payments\nconfig:\n  payments:tags: {application: payments}\n")
	expect(t, "Pulumi.prod.yaml", "config:\n  payments:dns:\n    domain: acme.example\n")
	expect(t, "main.go", "package main\n\nimport (\n\t_ \"git.example/other\"\n\t_ \"zeta.example/acme/pay/dns\"\n)\n\n"+
		"const token = \"payments:dns:DNS\" // of payments-prod-dns, workshop\n")
	expect(t, "ci.yml", "origin: https://gitlab.com/acme/pay.git\nShop: true\n")
	expect(t, "binary", original["binary"])
	if status := git(t, "status", "--porcelain"); status != "" {
		t.Errorf("not committed:\n%s", status)
	}
	if count := git(t, "rev-list", "--count", "HEAD"); count != "2" {
		t.Errorf("%s commits, want the first one and the rename", count)
	}
	for _, left := range []string{"  ci.yml\n", "  main.go\n", "alarmEmails"} {
		if !strings.Contains(out, left) {
			t.Errorf("%q is not named as left to decide:\n%s", left, out)
		}
	}
}

func TestAdoptKeepsACommonNameThatTheProjectHas(t *testing.T) {
	newRepository(t)
	if code, out := run(t, "--name", "shop", "--module", "git.example/new/api", "--domain", "shop.example"); code != command.Done {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestAdoptRejectsInvalidAndCommonNames(t *testing.T) {
	newRepository(t)
	for i := range 20 {
		write(t, fmt.Sprintf("%d.md", i), "zones\n")
	}
	write(t, "0.md", "zone, pay\n")
	write(t, "1.md", "zone\n")
	commit(t)
	for _, tt := range []struct {
		name string
		args []string
		want []string
	}{
		{"every mistake at once", nil, []string{"--name with a stack prod: project is not set", "--module is not set", "--domain is not set"}},
		{
			"a name in upper case", []string{"--name", "Payments", "--module", "a.example/b/c", "--domain", "acme.example"},
			[]string{`project is "Payments"`},
		},
		{
			"a name with which a stack's name is too long", []string{"--name", "payments-platform", "--module", "a.example/b/c", "--domain", "acme.example"},
			[]string{`stack is "prod"; must be at most 1`},
		},
		{
			"a name that EC2 reserves", []string{"--name", "sg", "--module", "a.example/b/c", "--domain", "acme.example"},
			[]string{"not beginning with sg-"},
		},
		{
			"a module without a host", []string{"--name", "pay", "--module", "acme/pay", "--domain", "acme.example"},
			[]string{"--module is"},
		},
		{
			"a common word of the project", []string{"--name", "zone", "--module", "a.example/b/c", "--domain", "acme.example"},
			[]string{`--name is "zone"; must be a word that few files contain: 2 of 26 have this one, and a later rename would replace it in them; such as "my-zone"`},
		},
		{
			"a domain of one label", []string{"--name", "pay", "--module", "a.example/b/c", "--domain", "acme"},
			[]string{"--domain is"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, out := run(t, tt.args...)
			if code != command.Usage {
				t.Errorf("exit %d", code)
			}
			for _, want := range tt.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q is missing in\n%s", want, out)
				}
			}
			if status := git(t, "status", "--porcelain"); status != "" {
				t.Errorf("changed:\n%s", status)
			}
		})
	}
}

func TestAdoptLeavesATreeWithChangesAsItIs(t *testing.T) {
	newRepository(t)
	write(t, "main.go", "package main // shop\n")
	if code, out := run(t, flags...); code != command.No || !strings.Contains(out, "commit or stash") {
		t.Errorf("exit %d: %s", code, out)
	}
	expect(t, "main.go", "package main // shop\n")
}

func TestAdoptUndoesARenameThatCannotBeCommitted(t *testing.T) {
	newRepository(t)
	if err := os.WriteFile(filepath.Join(".git", "hooks", "pre-commit"), []byte("#!/bin/sh\nexit 1\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	if code, out := run(t, flags...); code != command.No {
		t.Errorf("exit %d: %s", code, out)
	}
	expect(t, "go.mod", original["go.mod"])
	if status := git(t, "status", "--porcelain"); status != "" {
		t.Errorf("left behind:\n%s", status)
	}
}

func TestALaterVersionIsMergedWithoutItsNames(t *testing.T) {
	newRepository(t)
	git(t, "branch", "original")
	if code, out := run(t, flags...); code != command.Done {
		t.Fatalf("exit %d: %s", code, out)
	}
	write(t, "Pulumi.yaml", "name: payments\nconfig:\n  payments:tags: {application: billing}\n")
	commit(t)
	git(t, "switch", "--quiet", "original")
	write(t, "main.go", original["main.go"]+"\nconst added = \"shop\"\n")
	write(t, "new.go", "package main // git.example/old/api\n")
	commit(t)
	git(t, "tag", "v2")
	git(t, "switch", "--quiet", "main")

	code, out := run(t, "--update", "v2")
	if code != command.Done {
		t.Fatalf("exit %d: %s", code, out)
	}
	git(t, "merge", "--quiet", adopt.Branch)
	expect(t, "Pulumi.yaml", "name: payments\nconfig:\n  payments:tags: {application: billing}\n")
	expect(t, "new.go", "package main // zeta.example/acme/pay\n")
	text, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(string(text), "\nconst added = \"payments\"\n") {
		t.Errorf("main.go is\n%s", text)
	}
	if trees := git(t, "worktree", "list"); strings.Contains(trees, "\n") {
		t.Errorf("a worktree is left:\n%s", trees)
	}
}

func TestAnUpdateSaysWhatItLacks(t *testing.T) {
	newRepository(t)
	for _, tt := range []struct {
		name, want string
		args       []string
		code       int
	}{
		{"the branch", "there is no branch upstream", []string{"--update", "v2"}, command.No},
		{"no names", "leave out the other flags", append([]string{"--update", "v2"}, flags...), command.Usage},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if code, out := run(t, tt.args...); code != tt.code || !strings.Contains(out, tt.want) {
				t.Errorf("exit %d: %s", code, out)
			}
		})
	}
	git(t, "branch", adopt.Branch)
	if code, out := run(t, "--update", "v2"); code != command.No || !strings.Contains(out, "fetch the original first") {
		t.Errorf("exit %d: %s", code, out)
	}
}
