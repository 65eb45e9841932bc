package dev

import (
	"strings"
	"testing"
	"time"
)

const (
	entry   = `{"requestId":"r1","method":"GET","resource":"/items/{id}","status":"200","responseLatency":"12","functionRequestId":"f1","errorType":"-"}`
	summary = `{"time":"2026-01-02T03:04:05Z","level":"INFO","msg":"request","method":"GET","resource":"/items/{id}","status":200,"cache":"hit","request_id":"r1","trace_id":"t","_aws":{"Timestamp":1}}`
)

func TestRequestsAreShownWithTheirLinesErrorsFirst(t *testing.T) {
	const request = "GET    /items/{id}      200 hit       12 ms r1"
	for _, test := range []struct {
		name        string
		lines       []string
		access      string
		later       time.Duration // after the lines
		want, never []string
	}{
		{name: "a request", lines: []string{summary}, access: entry, want: []string{request}},
		{name: "a request waits for the function's line", access: entry, never: []string{"GET"}},
		{name: "but not for ever", access: entry, later: 2 * joinTimeout, want: []string{"GET    /items/{id}      200 -"}},
		{name: "a request that did not reach the function", access: strings.NewReplacer(`"f1"`, `"-"`, "200", "403", `"errorType":"-"`, `"errorType":"INVALID_API_KEY"`).Replace(entry),
			want: []string{"GET    /items/{id}      403 -         12 ms r1 INVALID_API_KEY"}},
		{name: "its errors are before it, other lines after it", access: entry,
			lines: []string{
				`{"level":"INFO","msg":"a detail","size":3,"name":"two words","request_id":"r1"}`,
				`{"level":"ERROR","msg":"bad thing","error":"no","request_id":"r1"}`,
				strings.Replace(summary, `"cache":"hit"`, `"cache":"","error":"database: refused"`, 1),
			},
			want: []string{"ERROR  bad thing error=no", "ERROR  database: refused", "GET    /items/{id}      200 -", `a detail name="two words" size=3`}},
		{name: "a line outside a request is shown at once", lines: []string{`{"level":"WARN","msg":"alone"}`, "printed"}, want: []string{"alone", "printed"}},
		{name: "a failure of the platform is an error", lines: []string{"RequestId: 1 Error: Runtime exited with error: exit status 2"}, want: []string{"ERROR  RequestId: 1"}},
		{name: "the platform's routine is not shown", lines: []string{"START RequestId: 1", "END RequestId: 1", "REPORT RequestId: 1", "INIT_START x"}, never: []string{"RequestId", "INIT"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, out := newScreen(false)
			r, now := newRequests(s), time.Now()
			if test.access != "" {
				r.takeAccess(test.access, now)
			}
			for _, line := range test.lines {
				r.takeLine(line, now)
			}
			r.show(now.Add(test.later))
			at := 0
			for _, want := range test.want {
				i := strings.Index(out.String()[at:], want)
				if i < 0 {
					t.Fatalf("%q does not follow in\n%s", want, out)
				}
				at += i + len(want)
			}
			for _, never := range test.never {
				if strings.Contains(out.String(), never) {
					t.Errorf("%q is in\n%s", never, out)
				}
			}
		})
	}
}
