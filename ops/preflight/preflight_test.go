package preflight

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

func TestTheReportListsAllAndFailsWhereAnythingIsMissing(t *testing.T) {
	result := func(found []Finding, err error) func(context.Context, *account, *graph.Graph) ([]Finding, error) {
		return func(context.Context, *account, *graph.Graph) ([]Finding, error) { return found, err }
	}
	some := []Finding{{What: "too few", Do: "ask for more"}, {What: "too small", Do: "set <project>:data larger"}}
	for name, test := range map[string]struct {
		checks []check
		skip   []string
		no     bool
		says   []string
	}{
		"nothing is missing": {checks: []check{{"a", result(nil, nil)}, {"b", result(nil, nil)}}, says: []string{"0 missing, 0 warnings, 0 not checked, 2 ok"}},
		"everything that is missing is listed": {checks: []check{{"a", result(some, nil)}, {"b", result(some[:1], nil)}}, no: true,
			says: []string{"missing: a: too few\n  to do: ask for more", "missing: a: too small\n  to do: set payments:data larger", "missing: b: too few", "3 missing, 0 warnings, 0 not checked, 0 ok"}},
		"what could not be checked is reported and is not ok": {checks: []check{{"a", result(nil, errors.New("AccessDenied"))}, {"b", result(nil, nil)}},
			says: []string{"not checked: a: AccessDenied", "0 missing, 0 warnings, 1 not checked, 1 ok"}},
		"a check that found something before it failed": {checks: []check{{"a", result(some[:1], errors.New("throttled"))}}, no: true,
			says: []string{"missing: a: too few", "not checked: a: throttled", "1 missing, 0 warnings, 1 not checked, 0 ok"}},
		"a skipped check is not run": {checks: []check{{"a", result(some, nil)}}, skip: []string{"a"},
			says: []string{"not checked: a: skipped by --skip", "0 missing, 0 warnings, 1 not checked, 0 ok"}},
	} {
		t.Run(name, func(t *testing.T) {
			o := options{stack: "prod", skip: test.skip}
			found, err := o.run(t.Context(), test.checks, nil, &graph.Graph{Project: "payments"})
			if err != nil {
				t.Fatal(err)
			}
			for _, asJSON := range []bool{false, true} {
				var out bytes.Buffer
				o.json = asJSON
				err = o.print(command.IO{Stdout: &out, Stderr: &out}, &account{id: "1", region: "eu-west-1"}, found)
				if errors.Is(err, command.ErrNo) != test.no || err != nil && !test.no {
					t.Errorf("it ends with %v", err)
				}
				for _, want := range test.says {
					if !asJSON && !strings.Contains(out.String(), want) {
						t.Errorf("%q is missing in\n%s", want, out.String())
					}
				}
				var listed []Finding
				if asJSON && (json.NewDecoder(&out).Decode(&listed) != nil || len(listed) != len(found)) {
					t.Errorf("JSON has %d findings, want %d", len(listed), len(found))
				}
			}
		})
	}
}

func TestAWrongCommandLineIsRejected(t *testing.T) {
	preview := filepath.Join(t.TempDir(), "preview.json")
	text := `{"steps":[{"op":"create","urn":"urn:pulumi:dev::didomi::aws:ec2/vpc:Vpc::v","newState":{"urn":"urn:pulumi:dev::didomi::aws:ec2/vpc:Vpc::v","type":"aws:ec2/vpc:Vpc"}}]}`
	if err := os.WriteFile(preview, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no stack":          {nil, "set --stack"},
		"an unknown check":  {[]string{"--stack", "dev", "--skip", "vpc"}, "--skip vpc: unknown check; the checks are: vpcs,"},
		"another stack's":   {[]string{"--stack", "prod", "--preview", preview}, "the preview is of stack dev, not of prod"},
		"a missing preview": {[]string{"--stack", "prod", "--preview", preview + ".none"}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			if err := Run(t.Context(), command.IO{Stdout: &out, Stderr: &out}, test.args); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// The codes are AWS's, each with its own row.
func TestEveryRowHasANameAndACode(t *testing.T) {
	seen := map[string]bool{}
	for _, q := range quotas() {
		if seen[q.name] || seen[q.code] || !strings.HasPrefix(q.code, "L-") || len(q.code) != 10 || q.what == "" || q.service == "" {
			t.Errorf("%s %s %q", q.name, q.code, q.what)
		}
		seen[q.name], seen[q.code] = true, true
	}
}

func TestAFailedPreviewIsReportedWithItsErrors(t *testing.T) {
	for name, test := range map[string]struct{ printed, want string }{
		"by its diagnostics": {`{"diagnostics": [{"message": "using a plugin", "severity": "warning"},
			{"message": "error: didomi:network.zones is 5", "severity": "error"}]}`, "exit status 1\nerror: didomi:network.zones is 5"},
		"or how to read it": {"", "exit status 1\nrun it without --json to read why"},
	} {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			script := "#!/bin/sh\nprintf '%s' '" + test.printed + "'\nexit 1\n"
			if err := os.WriteFile(filepath.Join(folder, "pulumi"), []byte(script), 0o700); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", folder)
			o := options{stack: "prod"}
			_, err := o.graph(t.Context(), command.IO{Stderr: new(bytes.Buffer)})
			if err == nil || !strings.HasSuffix(err.Error(), test.want) {
				t.Errorf("got %v, want an end of %q", err, test.want)
			}
		})
	}
}

// IAM is not in the list of Service Quotas elsewhere: https://github.com/awsdocs/iam-user-guide/issues/190
func TestAQuotaIsRequestedInTheRegionThatHasIt(t *testing.T) {
	a := &account{region: "eu-west-1", partition: "aws"}
	for service, region := range map[string]string{"iam": "us-east-1", "vpc": "eu-west-1"} {
		if got := a.increase(service, "L-0", 6); !strings.Contains(got, "--region "+region+" --service-code "+service+" ") {
			t.Errorf("%s: got %q, want the region %s", service, got, region)
		}
	}
}
