package logs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

const (
	id         = "8a3f2c1e-0b4d-4c6a-9f0e-2d7b5a1c3e4f"
	invocation = "0f9e8d7c-6b5a-4321-8fed-cba987654321"
	other      = "11111111-2222-4333-8444-555555555555"
)

var start = time.Date(2026, 12, 2, 10, 0, 0, 0, time.UTC)

// events are lines of a log by their time in seconds.
type events []struct {
	second  int
	message string
}

// fakeLogs returns one event a page, of those that a quoted phrase is in. Like CloudWatch it returns pages without
// events; unlike CloudWatch it returns every line for a JSON pattern.
type fakeLogs struct {
	groups   map[string]events
	err      error
	patterns []string
}

func (f *fakeLogs) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	if f.err != nil {
		return nil, f.err
	}
	pattern := aws.ToString(in.FilterPattern)
	f.patterns = append(f.patterns, pattern)
	all := f.groups[aws.ToString(in.LogGroupName)]
	at, _ := strconv.Atoi(aws.ToString(in.NextToken))
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	if at+1 < len(all) {
		out.NextToken = aws.String(strconv.Itoa(at + 1))
	}
	if at < len(all) {
		e := all[at]
		when := start.Add(time.Duration(e.second) * time.Second).UnixMilli()
		phrase := strings.Trim(pattern, `"`)
		if when >= aws.ToInt64(in.StartTime) && (strings.HasPrefix(pattern, "{") || strings.Contains(e.message, phrase)) {
			out.Events = []types.FilteredLogEvent{{Timestamp: &when, Message: aws.String(e.message + "\n")}}
		}
	}
	return out, nil
}

func lines(requestID, functionID, status string) string {
	return fmt.Sprintf(`{"requestId":%q,"functionRequestId":%q,"status":%q}`, requestID, functionID, status)
}

func newFake() *fakeLogs {
	return &fakeLogs{groups: map[string]events{
		"access": {{1, lines(other, "-", "404")}, {9, lines(id, invocation, "503")}, {10, lines(other, "-", "500")}},
		"function": {
			{4, `{"level":"INFO","msg":"platform","type":"platform.start","record":{"requestId":"` + invocation + `"}}`},
			{5, `{"level":"ERROR","msg":"request","request_id":"` + id + `","steps":{"cache":{"calls":1,"start_ms":0.02,"ms":0.4}},"_aws":{"Timestamp":1}}`},
			{6, `{"type":"platform.report","record":{"requestId":"` + invocation + `","status":"timeout"}}`},
			{7, `{"level":"INFO","msg":"request","request_id":"` + other + `"}`},
			{8, "fatal error: all goroutines are asleep"},
		},
		"authorizer": {{2, `{"level":"WARN","msg":"token not accepted","request_id":"` + id + `"}`}},
		"execution":  {{3, "(" + id + ") Execution failed due to configuration error"}},
		"rotate":     {{11, `{"level":"ERROR","msg":"rotation"}`}},
	}}
}

// ofStack are the groups of newFake.
var ofStack = []group{{"access", "access"}, {"execution", "execution"}, {"function", "function"}, {"authorizer", "authorizer"}, {"rotate", "rotate"}}

func runWith(t *testing.T, o options, fake *fakeLogs) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := o.run(t.Context(), command.IO{Stdout: &out, Stderr: &out}, reader{fake, start}, ofStack)
	return out.String(), err
}

// read are the logs and seconds of the printed lines.
func read(t *testing.T, printed string) string {
	t.Helper()
	var all []string
	for line := range strings.Lines(printed) {
		var l Line
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, fmt.Sprintf("%s %d", l.Log, l.Time.Sub(start)/time.Second))
	}
	return strings.Join(all, ", ")
}

func TestOneRequestIsReadFromEveryLogInOrderOfTime(t *testing.T) {
	printed, err := runWith(t, options{request: id, json: true}, newFake())
	if err != nil {
		t.Fatal(err)
	}
	// With Lambda's own lines, which have the id of the invocation alone, and without those of other requests.
	if got, want := read(t, printed), "authorizer 2, execution 3, function 4, function 5, function 6, access 9"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTheLastErrorsAreOfEveryFunctionAndTheAccessLog(t *testing.T) {
	for limit, want := range map[int]string{
		10: "function 5, function 6, function 8, access 9, access 10, rotate 11",
		2:  "access 10, rotate 11",
	} {
		printed, err := runWith(t, options{errors: true, limit: limit, json: true}, newFake())
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, printed); got != want {
			t.Errorf("limit %d: got %s, want %s", limit, got, want)
		}
	}
}

func TestALineIsPrintedInItsOwnOrderWithoutTheMetricsDirective(t *testing.T) {
	printed, err := runWith(t, options{request: id}, newFake())
	want := "2026-12-02T10:00:05.000Z  function    {\"level\":\"ERROR\",\"msg\":\"request\",\"request_id\":\"" + id + "\",\"steps\":{\"cache\":{\"calls\":1,\"start_ms\":0.02,\"ms\":0.4}}}\n"
	if err != nil || !strings.Contains(printed, want) {
		t.Errorf("%v\n%s", err, printed)
	}
	for _, text := range []string{"", "panic: x", "{}", `{"a":{"_aws":1},"b":[2]}`, `{"a":`, `[1]`} {
		if got := withoutDirective(text); got != text {
			t.Errorf("got %s, want %s", got, text)
		}
	}
}

func TestARequestWithoutLinesIsAFailureThatSaysWhatToDo(t *testing.T) {
	printed, err := runWith(t, options{request: "22222222-3333", since: time.Hour}, newFake())
	if !errors.Is(err, command.ErrNo) || !strings.Contains(printed, "in the last 1h0m0s: set --since") {
		t.Errorf("%v\n%s", err, printed)
	}
	printed, err = runWith(t, options{errors: true, limit: 1}, &fakeLogs{})
	if err != nil || !strings.Contains(printed, "no errors") {
		t.Errorf("%v\n%s", err, printed)
	}
}

func TestAMissingPermissionIsNamed(t *testing.T) {
	fake := &fakeLogs{err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "no"}}
	if _, err := runWith(t, options{errors: true, limit: 1}, fake); err == nil || !strings.Contains(err.Error(), "logs:FilterLogEvents") || !strings.Contains(err.Error(), "the log access") {
		t.Errorf("got %v", err)
	}
	fake.err = &types.ResourceNotFoundException{}
	if _, err := runWith(t, options{errors: true, limit: 1}, fake); err == nil || !strings.Contains(err.Error(), "deleted by hand") {
		t.Errorf("got %v", err)
	}
}

func TestMistakesOfTheCommandLine(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing to print":   {[]string{"--stack", "dev"}, "set one of --request and --errors"},
		"two things":         {[]string{"--stack", "dev", "--errors", "--request", id}, "set one of"},
		"a pattern as an id": {[]string{"--stack", "dev", "--request", `" "`}, "must be the id"},
		"no time":            {[]string{"--stack", "dev", "--errors", "--since", "0s"}, "--since"},
		"no lines":           {[]string{"--stack", "dev", "--errors", "--limit", "0"}, "--limit"},
		"no stack":           {[]string{"--errors"}, "set --stack"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Run(t.Context(), command.IO{}, c.args)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func TestTheLogsAreThoseOfTheComponentAPI(t *testing.T) {
	state := func(names ...string) *graph.Graph {
		g := &graph.Graph{Project: "didomi", Stack: "dev"}
		for _, name := range names {
			g.Resources = append(g.Resources, graph.Resource{Type: "aws:cloudwatch/logGroup:LogGroup", Name: name, ID: name + "-1a2b3c4"})
		}
		return g
	}
	all, err := groups(state("didomi-dev-network-flows", "didomi-dev-api-access-log", "didomi-dev-api-cache-user-log"))
	if want := "[{access didomi-dev-api-access-log-1a2b3c4} {cache-user didomi-dev-api-cache-user-log-1a2b3c4}]"; err != nil || fmt.Sprint(all) != want {
		t.Errorf("got %v, %v, want %s", all, err, want)
	}
	if _, err := groups(state("didomi-dev-network-flows")); err == nil {
		t.Error("a stack without the component api has logs")
	}
}
