package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// operator runs commands of ops with an operator's credentials on the exported state of a stack.
type operator struct {
	out     outputs
	program string
	state   string
	stdin   string
}

// run returns the command's output and exit code.
func (o operator) run(t *testing.T, name string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(o.program, append([]string{name, "--stack", o.out.Stack, "--state", o.state}, args...)...)
	cmd.Dir, cmd.Env = repository(t), os.Environ()
	for name, value := range o.out.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var printed bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(o.stdin), &printed, &printed
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return printed.String(), cmd.ProcessState.ExitCode()
}

// newOperator creates a user with the permissions that docs/reference/iam-permissions.md lists for commands of ops, all
// but those that are left out.
func newOperator(t *testing.T, out outputs, leaveOut ...string) outputs {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository(t), "docs", "reference", "iam-permissions.md"))
	if err != nil {
		t.Fatal(err)
	}
	var actions []string
	for _, row := range regexp.MustCompile("(?m)^\\| `ops (?:logs|status|undelete)` \\|.*$").FindAllString(string(page), -1) {
		for _, action := range regexp.MustCompile("`([a-z0-9]+:[A-Za-z]+)`").FindAllStringSubmatch(row, -1) {
			if !slices.Contains(leaveOut, action[1]) {
				actions = append(actions, action[1])
			}
		}
	}
	policy, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Action": actions, "Resource": "*"}}})
	if err != nil {
		t.Fatal(err)
	}
	admin, name := iam.NewFromConfig(awsConfig(out)), aws.String("e2e-operator")
	t.Cleanup(func() {
		_, inline := admin.DeleteUserPolicy(context.Background(), &iam.DeleteUserPolicyInput{UserName: name, PolicyName: name})
		_, user := admin.DeleteUser(context.Background(), &iam.DeleteUserInput{UserName: name})
		if err := errors.Join(inline, user); err != nil {
			t.Error(err)
		}
	})
	_, err = admin.CreateUser(t.Context(), &iam.CreateUserInput{UserName: name})
	_, put := admin.PutUserPolicy(t.Context(), &iam.PutUserPolicyInput{UserName: name, PolicyName: name, PolicyDocument: aws.String(string(policy))})
	if err := errors.Join(err, put); err != nil {
		t.Fatal(err)
	}
	return out.as(t, ciUser(t, out, *name))
}

// buildOps compiles the commands.
func buildOps(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "ops")
	build := exec.Command("go", "build", "-o", program, "./ops")
	build.Dir = repository(t)
	if printed, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build ops: %v\n%s", err, printed)
	}
	return program
}

// checkOperating runs the runbook's commands with no more permissions than the documentation lists.
func checkOperating(t *testing.T, out outputs) {
	t.Helper()
	program, state := buildOps(t), exportState(t, out)
	t.Run("by a user with the documented permissions", func(t *testing.T) {
		o := operator{out: newOperator(t, out), program: program, state: state}
		checkRequestLines(t, o)
		checkStatus(t, o)
		checkUndelete(t, o)
	})
	t.Run("by a user without one of them, whom the command tells which", func(t *testing.T) {
		o := operator{out: newOperator(t, out, "logs:FilterLogEvents", "cloudwatch:DescribeAlarms"), program: program, state: state}
		for name, args := range map[string][]string{"logs": {"--errors"}, "status": nil} {
			printed, code := o.run(t, name, args...)
			if permission := map[string]string{"logs": "logs:FilterLogEvents", "status": "cloudwatch:DescribeAlarms"}[name]; code != 1 || !strings.Contains(printed, "lack the permission "+permission) {
				t.Errorf("ops %s: exit %d\n%s", name, code, printed)
			}
		}
	})
}

// checkRequestLines checks that a request's lines of access log and function are found by its id.
func checkRequestLines(t *testing.T, o operator) {
	t.Helper()
	other := request(t, o.out, http.MethodGet, "/items/operate-other", "").header.Get("X-Request-Id")
	id := request(t, o.out, http.MethodGet, "/items/operate", "").header.Get("X-Request-Id")
	var printed string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		logs := map[string]int{}
		var code int
		printed, code = o.run(t, "logs", "--request", id, "--json")
		for line := range strings.Lines(printed) {
			var found struct {
				Log     string
				Message json.RawMessage
			}
			if err := json.Unmarshal([]byte(line), &found); err != nil {
				break // no line yet
			}
			if bytes.Contains(found.Message, []byte(id)) { // Lambda's own lines have the invocation's id alone
				logs[found.Log]++
			}
			if bytes.Contains(found.Message, []byte(`"msg":"request"`)) {
				checkSteps(t, found.Message)
			}
			if strings.Contains(line, other) {
				t.Errorf("a line of another request: %s", line)
			}
		}
		if logs["access"] == 1 && logs["function"] > 0 && code == 0 {
			return
		}
	}
	t.Errorf("ops logs does not find the lines of access log and function of request %s:\n%s", id, printed)
}

// checkSteps checks that the line of a read that missed has the calls to cache and database, with their durations.
func checkSteps(t *testing.T, message json.RawMessage) {
	t.Helper()
	var line struct {
		Steps map[string]struct {
			Calls int
			MS    float64 `json:"ms"`
		}
	}
	if err := json.Unmarshal(message, &line); err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"cache", "database"} {
		if got := line.Steps[part]; got.Calls < 1 || got.MS <= 0 {
			t.Errorf("the request's line has no step of the %s: %s", part, message)
		}
	}
}

// checkStatus checks that every part of the stack's status is read, and that the exit code is the report's result.
func checkStatus(t *testing.T, o operator) {
	t.Helper()
	printed, code := o.run(t, "status", "--json")
	var report struct {
		OK    bool
		Items []struct{ Part, Name, State, What string }
	}
	if err := json.Unmarshal([]byte(printed), &report); err != nil {
		t.Fatalf("%v\n%s", err, printed)
	}
	parts := map[string]bool{}
	for _, item := range report.Items {
		parts[item.Part] = true
		if item.State == "not read" {
			t.Errorf("%+v", item)
		}
	}
	if len(parts) != 7 || report.OK != (code == 0) {
		t.Errorf("exit %d, parts %v\n%s", code, parts, printed)
	}
	// The calendar must know every version that a stack has.
	if strings.Contains(printed, "the calendar has no row") {
		t.Errorf("ops/status/calendar.yaml lacks a version:\n%s", printed)
	}
}

// checkUndelete checks that a file is served again with its tags after it was replaced and deleted, that its delete
// marker stays, and that a second run changes nothing.
func checkUndelete(t *testing.T, o operator) {
	t.Helper()
	const key = "operate/a file+1.txt"
	files := s3.NewFromConfig(awsConfig(o.out), func(options *s3.Options) { options.UsePathStyle = true })
	for _, content := range []string{"first", "last"} {
		if _, err := files.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: &o.out.Bucket, Key: aws.String(key), Body: strings.NewReader(content), ContentType: aws.String("text/plain"),
			Metadata: map[string]string{"owner": "operate"}, Tagging: aws.String("kind=report"),
		}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := files.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &o.out.Bucket, Key: aws.String(key)}); err != nil {
		t.Fatal(err)
	}
	if got := request(t, o.out, http.MethodGet, "/files/operate/a%20file%2B1.txt", ""); got.status != http.StatusNotFound {
		t.Fatalf("the deleted file: %d", got.status)
	}
	for run, want := range []string{"1 files restored", "0 files restored"} {
		if printed, code := o.run(t, "undelete", key); code != 0 || !strings.Contains(printed, want) {
			t.Fatalf("run %d: exit %d\n%s", run+1, code, printed)
		}
	}
	if got := request(t, o.out, http.MethodGet, "/files/operate/a%20file%2B1.txt", ""); got.status != http.StatusOK || got.body != "last" {
		t.Errorf("the restored file: %d %q", got.status, got.body)
	}
	checkRestored(t, files, o.out.Bucket, key)
}

// checkRestored checks a restored object's metadata and tags, and that no version and no delete marker is gone.
func checkRestored(t *testing.T, files *s3.Client, bucket, key string) {
	t.Helper()
	head, err := files.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	tags, err := files.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	if head.Metadata["owner"] != "operate" || aws.ToString(head.ContentType) != "text/plain" || head.ServerSideEncryption != types.ServerSideEncryptionAwsKms ||
		len(tags.TagSet) != 1 || aws.ToString(tags.TagSet[0].Value) != "report" {
		t.Errorf("the restored file has %v, %v, %v, %v", head.Metadata, aws.ToString(head.ContentType), head.ServerSideEncryption, tags.TagSet)
	}
	versions, err := files.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &key})
	if err != nil {
		t.Fatal(err)
	}
	if len(versions.Versions) < 3 || len(versions.DeleteMarkers) == 0 {
		t.Errorf("%d versions and %d delete markers are left", len(versions.Versions), len(versions.DeleteMarkers))
	}
}
