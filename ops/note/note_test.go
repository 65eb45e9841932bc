package note

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/gitlab/standin"
	"github.com/didomi/serverless-api/ops/review"
)

// written writes a preview and returns its file.
func written(t *testing.T, steps string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "preview.json")
	if err := os.WriteFile(name, []byte(`{"steps":[`+steps+`]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

const (
	cluster  = "urn:pulumi:dev::didomi::didomi:data:Data$aws:rds/cluster:Cluster::db"
	function = "urn:pulumi:dev::didomi::didomi:api:API$aws:lambda/function:Function::fn"

	same = `{"op":"same","urn":"` + function + `","oldState":{"urn":"` + function + `","inputs":{"memorySize":512}},"newState":{"urn":"` + function + `","inputs":{"memorySize":512}}}`

	bigger = `{"op":"update","urn":"` + function + `","diffReasons":["memorySize"],
		"oldState":{"urn":"` + function + `","custom":true,"inputs":{"memorySize":512,"description":"one` + "```" + `"}},
		"newState":{"urn":"` + function + `","custom":true,"inputs":{"memorySize":1024,"description":"two` + "```" + `"}}}`

	renamed = `{"op":"replace","urn":"` + cluster + `","replaceReasons":["databaseName"],
		"oldState":{"urn":"` + cluster + `","custom":true,"inputs":{"databaseName":"app"}},
		"newState":{"urn":"` + cluster + `","custom":true,"inputs":{"databaseName":"other"}}}`
)

// job is the environment of a merge request's job.
func job(server *standin.Server, more map[string]string) func(string) string {
	env := map[string]string{
		"CI_API_V4_URL": server.URL, "CI_PROJECT_ID": "1", "GITLAB_TOKEN": standin.Token,
		"CI_MERGE_REQUEST_IID": "7", "CI_COMMIT_SHORT_SHA": "abc1234", "CI_COMMIT_SHA": "abc", "CI_DEFAULT_BRANCH": "main",
	}
	for key, value := range more {
		env[key] = value
	}
	return func(name string) string { return env[name] }
}

func streams() (command.IO, *bytes.Buffer, *bytes.Buffer) {
	var out, problems bytes.Buffer
	return command.IO{Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problems}, &out, &problems
}

func TestTheNoteIsUpdatedAndNotRepeated(t *testing.T) {
	server := standin.New(t)
	server.AddNotes(7, 150, "somebody's") // the note is found beyond the first page
	for range 2 {
		io, _, _ := streams()
		if err := run(t.Context(), io, []string{"--preview", written(t, bigger)}, job(server, nil)); err != nil {
			t.Fatal(err)
		}
	}
	notes := server.Notes(7)
	if len(notes) != 151 {
		t.Fatalf("%d notes, want those of others and one", len(notes))
	}
	for _, want := range []string{"### dev: 1 to update", "-   memorySize: 512\n+   memorySize: 1024", "```diff"} {
		if !strings.Contains(notes[150].Body, want) {
			t.Errorf("the note does not contain %q:\n%s", want, notes[150].Body)
		}
	}
}

func TestALossIsOnTopAndStopsThePipelineUntilItIsAccepted(t *testing.T) {
	for name, tt := range map[string]struct {
		labels string
		no     bool
		want   string
	}{
		"no label":             {"", true, "The pipeline stops here"},
		"another label":        {"bug", true, "The pipeline stops here"},
		"the label accepts it": {"bug," + review.AcceptLabel, false, "Accepted by the label"},
	} {
		t.Run(name, func(t *testing.T) {
			server := standin.New(t)
			io, _, problems := streams()
			err := run(t.Context(), io, []string{"--preview", written(t, renamed)}, job(server, map[string]string{"CI_MERGE_REQUEST_LABELS": tt.labels}))
			if errors.Is(err, command.ErrNo) != tt.no {
				t.Fatalf("error %v, want a no: %v", err, tt.no)
			}
			if tt.no && !strings.Contains(problems.String(), review.AcceptLabel) {
				t.Errorf("it does not have what to do: %s", problems)
			}
			body := server.Notes(7)[0].Body
			warning, stack := strings.Index(body, "Data is lost"), strings.Index(body, "### dev")
			if warning < 0 || warning > stack || !strings.Contains(body, "`databaseName`") || !strings.Contains(body, tt.want) {
				t.Errorf("the note warns wrongly:\n%s", body)
			}
		})
	}
}

func TestAPreviewThatFailedIsOnTopAndStopsThePipeline(t *testing.T) {
	said := filepath.Join(t.TempDir(), "said")
	const protected = "error db: resource \"db\" cannot be replaced because it is protected"
	if err := os.WriteFile(said, []byte("warning fn: old\n"+protected+"\n"+strings.Repeat("more\n", 30)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ failed, want string }{
		"its output is shown, the error first":             {"prod=" + said, "```text\n" + protected + "\nwarning fn: old\n"},
		"a preview that did not start refers to the log":   {"prod=" + said + ".none", notStarted},
		"of long output the rest is left to the job's log": {"prod=" + said, "more\n... cut: 12 more lines, see the log of the job preview:prod\n```"},
	} {
		t.Run(name, func(t *testing.T) {
			server := standin.New(t)
			io, _, problems := streams()
			err := run(t.Context(), io, []string{"--preview", written(t, bigger), "--failed", tt.failed}, job(server, map[string]string{"CI_MERGE_REQUEST_LABELS": review.AcceptLabel}))
			if !errors.Is(err, command.ErrNo) || !strings.Contains(problems.String(), "stack prod: there is no preview") {
				t.Errorf("error %v, said %q; want a no", err, problems)
			}
			body := server.Notes(7)[0].Body
			warning, stack := strings.Index(body, "The preview of **prod** failed"), strings.Index(body, "### dev")
			if warning < 0 || warning > stack || !strings.Contains(body, tt.want) {
				t.Errorf("the note does not begin with %q:\n%s", tt.want, body)
			}
		})
	}
	t.Run("a stack without a file is rejected", func(t *testing.T) {
		io, _, _ := streams()
		if err := run(t.Context(), io, []string{"--failed", "prod"}, job(standin.New(t), nil)); err == nil || !strings.Contains(err.Error(), "must be STACK=FILE") {
			t.Errorf("error %v", err)
		}
	})
}

func TestANoteOfAnotherUserIsNoReview(t *testing.T) {
	server := standin.New(t)
	own := standin.New(t)
	io, _, _ := streams()
	if err := run(t.Context(), io, []string{"--preview", written(t, bigger)}, job(own, nil)); err != nil {
		t.Fatal(err)
	}
	server.AddNotes(7, 1, own.Notes(7)[0].Body) // word for word, by another user
	check := []string{"--preview", written(t, bigger)}
	if err := reviewed(t.Context(), io, check, job(server, nil)); !errors.Is(err, command.ErrNo) {
		t.Errorf("a forged note counts: %v", err)
	}
	if err := run(t.Context(), io, check, job(server, nil)); err != nil || len(server.Notes(7)) != 2 {
		t.Errorf("%d notes, %v; want the forged one left alone and one more", len(server.Notes(7)), err)
	}
	server.Merge("abc", 7)
	if err := reviewed(t.Context(), io, check, job(server, nil)); err != nil {
		t.Errorf("the note of the token's user is ignored: %v", err)
	}
}

func TestAPreviewIsReviewedByTheNoteOrTheVariable(t *testing.T) {
	server := standin.New(t)
	io, _, _ := streams()
	if err := run(t.Context(), io, []string{"--preview", written(t, bigger)}, job(server, nil)); err != nil {
		t.Fatal(err)
	}
	server.Merge("abc", 7)
	accepted := func(steps string) string {
		io, _, problems := streams()
		if err := reviewed(t.Context(), io, []string{"--preview", written(t, steps)}, job(server, map[string]string{"CI_COMMIT_SHA": "none"})); !errors.Is(err, command.ErrNo) {
			t.Fatal(err)
		}
		_, after, _ := strings.Cut(problems.String(), "set the project's CI/CD variable "+AcceptVariable+" (protected) to ")
		print, _, _ := strings.Cut(after, ", retry this job, and delete the variable afterwards;")
		return print
	}
	for name, tt := range map[string]struct {
		steps string
		env   map[string]string
		no    bool
	}{
		"the preview that the note showed is accepted":  {bigger, nil, false},
		"another one is not":                            {renamed, nil, true},
		"a commit that came by no merge request is not": {bigger, map[string]string{"CI_COMMIT_SHA": "pushed"}, true},
		"another one is when the variable names it":     {renamed, map[string]string{AcceptVariable: accepted(renamed)}, false},
		"the variable does not accept another preview":  {renamed, map[string]string{AcceptVariable: accepted(bigger)}, true},
		"no changes need no review":                     {same, map[string]string{"CI_COMMIT_SHA": "pushed"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			io, _, _ := streams()
			err := reviewed(t.Context(), io, []string{"--preview", written(t, tt.steps)}, job(server, tt.env))
			if errors.Is(err, command.ErrNo) != tt.no || err != nil && !tt.no {
				t.Errorf("error %v, want a no: %v", err, tt.no)
			}
		})
	}
}

// Every branch's jobs have the token that writes notes, and a job that stops prints the expected fingerprint: without
// this check a developer could approve in a maintainer's place.
func TestANoteThatIsWrittenAfterTheMergeDoesNotCount(t *testing.T) {
	server := standin.New(t)
	check := []string{"--preview", written(t, bigger)}
	io, _, _ := streams()
	if err := run(t.Context(), io, []string{"--preview", written(t, renamed)}, job(server, nil)); err != nil && !errors.Is(err, command.ErrNo) {
		t.Fatal(err)
	}
	server.Merge("abc", 7)
	if err := run(t.Context(), io, check, job(server, nil)); err != nil {
		t.Fatal(err)
	}
	io, _, problems := streams()
	if err := reviewed(t.Context(), io, check, job(server, nil)); !errors.Is(err, command.ErrNo) || !strings.Contains(problems.String(), "and not before it was merged at") {
		t.Errorf("%v, said %s", err, problems)
	}
}

func TestWhereAcceptanceIsRequiredNoNoteCounts(t *testing.T) {
	server := standin.New(t)
	check := []string{"--preview", written(t, bigger)}
	io, _, _ := streams()
	if err := run(t.Context(), io, check, job(server, nil)); err != nil {
		t.Fatal(err)
	}
	server.Merge("abc", 7)
	with := func(env map[string]string) (said string, err error) {
		io, _, problems := streams()
		err = reviewed(t.Context(), io, check, job(server, env))
		return problems.String(), err
	}
	if _, err := with(map[string]string{RequiredVariable: "prod"}); err != nil {
		t.Errorf("a stack that the variable does not name: %v", err)
	}
	said, err := with(map[string]string{RequiredVariable: "prod, dev"})
	if !errors.Is(err, command.ErrNo) || !strings.Contains(said, "requires acceptance: the variable ACCEPT_REQUIRED names the stack") || !strings.Contains(said, "memorySize: 1024") {
		t.Errorf("%v, said %s", err, said)
	}
	_, after, _ := strings.Cut(said, AcceptVariable+" (protected) to ")
	print, _, _ := strings.Cut(after, ",")
	if said, err := with(map[string]string{RequiredVariable: "dev", AcceptVariable: print}); err != nil {
		t.Errorf("the variable accepts %s: %v, said %s", print, err, said)
	}
}

// refreshed puts the steps of a refresh before those of an update: one of the function, whose inputs the
// state has, and one of the stack itself.
func refreshed(stored, errors, steps string) string {
	const stack = "urn:pulumi:dev::didomi::pulumi:pulumi:Stack::didomi-dev"
	return `{"op":"refresh","urn":"` + function + `","oldState":{"urn":"` + function + `","custom":true,"inputs":` + stored + `,"initErrors":` + errors + `}},
		{"op":"refresh","urn":"` + stack + `","oldState":{"urn":"` + stack + `"}},{"op":"same","urn":"` + stack + `","newState":{"urn":"` + stack + `"}},` + steps
}

func TestAPreviewThatUndoesDriftIsNotTheReviewedOne(t *testing.T) {
	const after = `{"timeout":30,"memorySize":1024}`
	step := func(op, old, changed string) string {
		return `{"op":"` + op + `","urn":"` + function + `","detailedDiff":` + changed + `,` + old + `"newState":{"urn":"` + function + `","custom":true,"inputs":` + after + `}}`
	}
	update := func(before string) string {
		changed := `{"memorySize":{"kind":"update"}}`
		if !strings.Contains(before, `"timeout":30`) {
			changed = `{"memorySize":{"kind":"update"},"timeout":{"kind":"update"}}`
		}
		return step("update", `"oldState":{"urn":"`+function+`","custom":true,"inputs":`+before+`},`, changed)
	}
	const stored, byHand = `{"timeout":30,"memorySize":512}`, `{"timeout":5,"memorySize":512}`
	for _, tt := range []struct {
		name, steps string
		no          bool
		says        string
	}{
		{"there is no drift", refreshed(stored, "null", update(stored)), false, ""},
		{"a property that the merge request does not change was changed by hand",
			refreshed(stored, "null", update(byHand)), true, "The account has drifted: it was changed by hand or by AWS. No review showed that, and the update would undo it:\n  fn: timeout\n"},
		{"a property that the merge request changes was changed by hand",
			refreshed(`{"timeout":10,"memorySize":512}`, "null", update(byHand)), false, ""},
		{"a failed update is repeated",
			refreshed(after, `["AWS refused it"]`, update(byHand)), false, ""},
		{"a failed update is reported when something else is not as reviewed",
			refreshed(after, `["AWS refused it"]`, update(byHand)+","+renamed), true, "An update of these has failed, and would be repeated:\n  fn: memorySize, timeout\n"},
		{"what the account already has as in the program needs no repair",
			refreshed(byHand, "null", step("same", `"oldState":{"urn":"`+function+`","custom":true,"inputs":`+after+`},`, "null")), false, ""},
		{"a deleted resource is created again once the preview is accepted",
			refreshed(stored, "null", step("create", "", "null")), true, "  fn: no longer exists\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := standin.New(t)
			io, _, problems := streams()
			if err := run(t.Context(), io, []string{"--preview", written(t, update(stored))}, job(server, nil)); err != nil {
				t.Fatal(err)
			}
			server.Merge("abc", 7)
			err := reviewed(t.Context(), io, []string{"--preview", written(t, tt.steps)}, job(server, nil))
			if errors.Is(err, command.ErrNo) != tt.no || err != nil && !tt.no || !strings.Contains(problems.String(), tt.says) {
				t.Errorf("error %v, want a no: %v; said\n%s, want\n%s", err, tt.no, problems, tt.says)
			}
		})
	}
}

func TestMissingVariablesAreNamed(t *testing.T) {
	io, _, _ := streams()
	err := run(t.Context(), io, []string{"--preview", written(t, bigger)}, func(name string) string {
		return map[string]string{"CI_MERGE_REQUEST_IID": "7", "CI_PROJECT_ID": "1"}[name]
	})
	if err == nil || !strings.Contains(err.Error(), "CI_API_V4_URL, GITLAB_TOKEN") {
		t.Errorf("error %v, want the two that are missing", err)
	}
}
