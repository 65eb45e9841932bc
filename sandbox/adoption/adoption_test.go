package adoption

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	project = "parcels"
	module  = "gitlab.example/acme/parcels"
	domain  = "acme.example"

	// A sandbox next to that of the checkout, whose defaults are 4566 and 127.77.
	environment = "SANDBOX_PORT=4766 SANDBOX_NET=127.97"
)

// clone is a clone of the checkout's last commit.
type clone struct{ dir string }

// newClone clones the checkout, and copies the built tools of its sandbox.
func newClone(t *testing.T) clone {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(root, ".sandbox", "bin", "sandbox")); err != nil {
		t.Fatalf("this test deploys a stack with the sandbox's tools; make adopt-test builds them and runs it: %v", err)
	}
	// PostgreSQL's user must be able to open the directory; that of t.TempDir is closed to other users.
	dir, err := os.MkdirTemp("", "adoption-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // see above
		t.Fatal(err)
	}
	c := clone{filepath.Join(dir, "tree")}
	runIn(t, root, "git", "clone", "--quiet", "--no-hardlinks", root, c.dir)
	c.run(t, "git", "config", "user.name", "adoption")
	c.run(t, "git", "config", "user.email", "adoption@"+domain)
	c.run(t, "mkdir", ".sandbox")
	for _, built := range []string{"bin", "build", "venv"} {
		c.run(t, "cp", "-a", filepath.Join(root, ".sandbox", built), ".sandbox")
	}
	return c
}

// run runs a program in the clone and returns its standard output.
func (c clone) run(t *testing.T, name string, args ...string) string {
	t.Helper()
	return runIn(t, c.dir, name, args...)
}

func runIn(t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), strings.Fields(environment)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	start := time.Now()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", name, strings.Join(args, " "), err, out, stderr.String())
	}
	if took := time.Since(start).Round(time.Second); took > time.Second {
		t.Logf("%s %s: %s", name, strings.Join(args, " "), took)
	}
	return string(out)
}

// replaceApplication replaces the API of items and files with one of orders, as docs/how-to/adopt.md describes.
func (c clone) replaceApplication(t *testing.T) {
	t.Helper()
	c.run(t, "cp", "-r", "sandbox/adoption/testdata/orders/lambda", ".")
	c.run(t, "git", "rm", "--quiet", "lambda/migrate/sql/0001_items.sql")
	c.edit(t, "lambda/handler/handler.go", "type Handler struct {\n", "type Handler struct {\n\tOrders Orders\n")
	c.edit(t, "lambda/main.go", "h := &handler.Handler{\n", "h := &handler.Handler{\n\t\tOrders: items,\n")
	c.edit(t, "Pulumi.prod.yaml", throttles, "      - route: PUT /orders/{id}\n        rate: 200\n        burst: 400\n")
	c.run(t, "gofmt", "-w", "lambda")
	c.replaceClient(t)
	c.run(t, "git", "add", "lambda", "client", "docs")
	c.run(t, "git", "commit", "--quiet", "--all", "--message", "Serve orders")
}

// throttles are those of the routes of items and files.
const throttles = `      - route: PUT /items/{id}
        rate: 200
        burst: 400
      - route: POST /files/{key+}
        rate: 50
        burst: 100
`

// replaceClient replaces the client's methods, and has make docs generate the rest from the new contract.
func (c clone) replaceClient(t *testing.T) {
	t.Helper()
	c.run(t, "git", "rm", "--quiet", "client/items.go", "client/health.go", "client/storage.go", "client/upload.go", "client/uploadrequest.go", "client/checksum.go", "client/parts.go", "client/download.go", "client/files_test.go", "client/example_test.go", "client/typescript/example.ts")
	c.run(t, "cp", "sandbox/adoption/testdata/orders/client/orders.go", "client")
	c.run(t, "make", "docs")
	c.run(t, "go", "vet", "./client/...")
}

// useOtherServices has the component data create a DynamoDB table and an SQS queue. No program here uses these services.
func (c clone) useOtherServices(t *testing.T) {
	t.Helper()
	c.run(t, "cp", "sandbox/adoption/testdata/orders/data/orders.go", "data")
	c.edit(t, "data/data.go", "bucket.Bucket, bucket.Arn\n", "bucket.Bucket, bucket.Arn\n\tif err := d.newOrders(ctx, name, args); err != nil {\n\t\treturn nil, err\n\t}\n")
	c.run(t, "git", "add", "data")
	c.run(t, "git", "commit", "--quiet", "--message", "Keep orders in DynamoDB and ship them by SQS")
}

// checkUnserved adds a resource to the component whose call is not served, deploys it, and removes it. The next update
// deploys the rest.
func (c clone) checkUnserved(t *testing.T) {
	t.Helper()
	const file, end = "data/orders.go", "\treturn nil\n}\n"
	c.edit(t, file, end, "\t_, err = dynamodb.NewGlobalTable(ctx, name+\"-global\", &dynamodb.GlobalTableArgs{Replicas: dynamodb.GlobalTableReplicaArray{\n"+
		"\t\tdynamodb.GlobalTableReplicaArgs{RegionName: pulumi.String(\"eu-west-1\")}}}, pulumi.Parent(d))\n\treturn err\n}\n")
	defer c.run(t, "git", "checkout", "--quiet", file)
	cmd := exec.CommandContext(t.Context(), "make", "up")
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), strings.Fields(environment)...)
	printed, err := cmd.CombinedOutput()
	_, problems, failed := strings.Cut(string(printed), "sandbox: ")
	if err == nil || !failed {
		t.Fatalf("%v\n%s", err, printed)
	}
	lines := strings.Split(strings.TrimSpace(problems), "\n")
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "make") })
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "aws:dynamodb/globalTable:GlobalTable ("+project+"-dev-data-global): ") ||
		!strings.Contains(lines[0], "does not serve dynamodb: CreateGlobalTable. To serve it, add it to sandbox/gateway/dynamodb") ||
		!strings.HasPrefix(lines[1], "stack dev: pulumi failed") {
		t.Errorf("make up ends with:\n%s", problems)
	}
}

// edit replaces a text that a file contains once.
func (c clone) edit(t *testing.T, path, from, to string) {
	t.Helper()
	path = filepath.Join(c.dir, path)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(text), from); n != 1 {
		t.Fatalf("%s has %d times %q, want once", path, n, from)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// original are the names that the checkout has.
func original(t *testing.T) []string {
	t.Helper()
	var names []string
	for path, field := range map[string]string{"go.mod": "module ", "Pulumi.yaml": "name: "} {
		text, err := os.ReadFile(filepath.Join("..", "..", path))
		if err != nil {
			t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(text), "\n")
		name, ok := strings.CutPrefix(line, field)
		if !ok {
			t.Fatalf("%s begins with %q", path, line)
		}
		names = append(names, name)
	}
	return names
}

func TestAnotherTeamsAPIComesUp(t *testing.T) {
	c := newClone(t)
	c.run(t, "make", "adopt", "NAME="+project, "MODULE="+module, "DOMAIN="+domain)
	t.Run("no file has the old names", func(t *testing.T) {
		for _, name := range original(t) {
			found, err := exec.Command("git", "-C", c.dir, "grep", "--ignore-case", "--line-number", "--fixed-strings", "-e", name).Output()
			if err == nil {
				t.Errorf("%s is in:\n%s", name, found)
			}
		}
	})
	t.Run("the generated pages are up to date", func(t *testing.T) {
		c.run(t, "make", "docs")
		if changed := c.run(t, "git", "diff"); changed != "" {
			t.Errorf("make docs changes\n%s", changed)
		}
	})
	c.replaceApplication(t)
	c.useOtherServices(t)
	c.requireTokens(t)
	t.Cleanup(c.down)
	c.run(t, "make", "preview")
	t.Run("a call that neither the emulator nor the gateway serves is one error", func(t *testing.T) { c.checkUnserved(t) })
	c.run(t, "make", "up")
	t.Run("the smoke test requests the new routes with a token", func(t *testing.T) { c.smoke(t) })
	t.Run("callers prove who they are", func(t *testing.T) { checkCallers(t, c.deployed(t)) })
	state := c.run(t, ".sandbox/bin/sandbox", "pulumi", "stack", "export", "--stack", "dev")
	t.Run("services that no program used before are deployed without a change of sandbox/", func(t *testing.T) {
		for _, token := range []string{"aws:dynamodb/table:Table", "aws:sqs/queue:Queue"} {
			if !strings.Contains(state, `"type": "`+token+`"`) {
				t.Errorf("the stack has no %s", token)
			}
		}
	})
	t.Run("the latency alarm follows the routes", func(t *testing.T) {
		for name, want := range map[string]bool{"latency-getOrder": true, "latency-getItem": false} {
			if got := strings.Contains(state, fmt.Sprintf("%s-dev-api-%s", project, name)); got != want {
				t.Errorf("alarm %s: %t, want %t", name, got, want)
			}
		}
	})
}

// down stops the clone's sandbox.
func (c clone) down() {
	cmd := exec.Command("make", "down")
	cmd.Dir, cmd.Env = c.dir, append(os.Environ(), strings.Fields(environment)...)
	_ = cmd.Run()
}

// smoke runs the smoke test against the deployed API, with a token that make token prints.
func (c clone) smoke(t *testing.T) {
	t.Helper()
	printed := c.run(t, "make", "--no-print-directory", "token", "SCOPES=orders:read orders:write health:read")
	t.Setenv("BEARER_TOKEN", strings.TrimSpace(printed))
	printed = c.run(t, "go", "run", "./ops", "smoke", "--auth", "jwt", "--url", c.deployed(t).url)
	if !strings.Contains(printed, "an order without a customer is rejected") {
		t.Errorf("ops smoke printed\n%s", printed)
	}
}
