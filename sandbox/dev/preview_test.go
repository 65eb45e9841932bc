package dev

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// step is a step of `pulumi preview --json` on a resource.
func step(op, token, name string, diff ...string) map[string]any {
	urn := "urn:pulumi:dev::didomi::" + token + "::" + name
	state := map[string]any{"urn": urn, "type": token, "custom": true, "inputs": map[string]any{}, "id": "x"}
	s := map[string]any{"op": op, "urn": urn, "diffReasons": diff, "replaceReasons": diff}
	if op != "create" {
		s["oldState"] = state
	}
	if op != "delete" {
		s["newState"] = state
	}
	return s
}

// many are changes of that many resources of a type.
func many(token, name string, number int, diff ...string) (steps []map[string]any) {
	for i := range number {
		steps = append(steps, step("update", token, fmt.Sprintf("%s-%d", name, i), diff...))
	}
	return steps
}

func preview(t *testing.T, diagnostics []map[string]string, steps ...map[string]any) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"steps": steps, "diagnostics": diagnostics})
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAPreviewIsShownShort(t *testing.T) {
	const function, queue, cluster = "aws:lambda/function:Function", "aws:sqs/queue:Queue", "aws:rds/cluster:Cluster"
	for _, test := range []struct {
		name  string
		text  []byte
		want  []string
		loses bool
	}{
		{"no changes", preview(t, nil, step("same", function, "f")), []string{"preview of dev in 2.0s: no changes"}, false},
		{"what is created, changed and deleted, with the properties of a change",
			preview(t, nil, step("same", queue, "kept"), step("delete", queue, "old"), step("create", queue, "jobs"), step("update", function, "f", "memorySize", "timeout")),
			[]string{"preview of dev in 2.0s: 1 created, 1 changed, 1 deleted; press u to update", "+ Queue jobs", "~ Function f (memorySize, timeout)", "- Queue old"}, false},
		{"many resources with the same change in one line, and the one with another in its own",
			preview(t, nil, append(many(function, "function", 5, "tags", "tags.team"), step("update", queue, "jobs", "tags", "tags.team"), step("update", queue, "mail", "delaySeconds"))...),
			[]string{"7 changed; press u to update", "~ 6 resources (tags.team): 5 Function, Queue\n", "~ Queue mail (delaySeconds)\n"}, false},
		{"a few with the same change in a line each",
			preview(t, nil, many(function, "function", 5, "timeout")...), []string{"5 changed", "~ Function function-4 (timeout)"}, false},
		{"every resource that is created",
			preview(t, nil, step("create", function, "function-1"), step("create", function, "function-2"), step("create", function, "function-3"),
				step("create", function, "function-4"), step("create", function, "function-5"), step("create", function, "function-6")),
			[]string{"6 created", "+ Function function-6\n"}, false},
		{"the loss of data before everything else",
			preview(t, nil, step("update", function, "f", "timeout"), step("replace", cluster, "db", "databaseName")),
			[]string{"WARNING: this replaces Cluster db, which holds data", "1 changed, 1 replaced", "± Cluster db (databaseName)"}, true},
		{"its errors", preview(t, []map[string]string{{"severity": "error", "message": "didomi:network.zones is 9"}}),
			[]string{"preview of dev failed:", "didomi:network.zones is 9"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := readPlan(test.text)
			if err != nil {
				t.Fatal(err)
			}
			if p.losesData() != test.loses {
				t.Errorf("it loses data: %t", p.losesData())
			}
			s, out := newScreen(false)
			p.show(s, "dev", 2*time.Second)
			at := 0
			for _, want := range test.want {
				i := strings.Index(out.String()[at:], want)
				if i < 0 {
					t.Fatalf("%q does not follow in\n%s", want, out)
				}
				at += i
			}
			if strings.Contains(out.String(), "kept") {
				t.Errorf("an unchanged resource is in\n%s", out)
			}
		})
	}
	t.Run("output that is no preview is an error", func(t *testing.T) {
		if _, err := readPlan([]byte("panic: no")); err == nil {
			t.Error("no error")
		}
	})
}
