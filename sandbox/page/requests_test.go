package page

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

const (
	accessLine = `arn:aws:logs:r:0:log-group:didomi-%s-api-access-log-1 {"requestId":"%s","time":"1796212800000","method":"GET","resource":"/items/{id}","status":"503","responseLatency":"12","functionRequestId":"%s","errorType":"-"}` + "\n"
	answered   = `{"level":"ERROR","msg":"request","request_id":"first-request","trace_id":"1-abc","status":503,"cache":"miss"}` + "\n"
	retried    = `{"level":"WARN","msg":"retried","request_id":"first-request"}` + "\n"
	platform   = `{"type":"platform.report","record":{"requestId":"invocation-1"}}` + "\n"
	foreign    = `{"level":"INFO","msg":"request","request_id":"first-request-2","status":200}` + "\n"
)

// withLogs is the page of a sandbox with the logs of two requests of dev and one of prod.
func withLogs(t *testing.T) *page {
	t.Helper()
	p := testPage(t)
	write(t, p.layout.Log("access"), fmt.Sprintf(accessLine, "dev", "first-request", "invocation-1")+fmt.Sprintf(accessLine, "prod", "of-prod", "-")+
		"no line of JSON\n"+fmt.Sprintf(accessLine, "dev", "second-request", "-")+"half a li")
	write(t, p.functionLog("didomi-dev-function-1"), retried+answered+platform+foreign+"panic: no JSON\n")
	write(t, p.functionLog("didomi-prod-function-1"), answered)
	return p
}

func TestTheNewestRequestsOfAStack(t *testing.T) {
	got := read[[]request](t, withLogs(t), "/data/stacks/dev/requests")
	if len(got) != 2 || got[0].ID != "second-request" || got[0].Cache != "" {
		t.Fatalf("got %+v", got)
	}
	if r := got[1]; r.Method != "GET" || r.Route != "/items/{id}" || r.Status != "503" || r.Latency != "12" || r.Cache != "miss" || r.Trace != "1-abc" || r.Error != "" || r.Time.Unix() != 1796212800 {
		t.Errorf("got %+v", r)
	}
}

func TestTheLinesOfARequestAreThoseOfItsInvocationToo(t *testing.T) {
	got := read[[]logLine](t, withLogs(t), "/data/stacks/dev/requests/first-request")
	var text []string
	for _, line := range got {
		text = append(text, line.Log+" "+line.Text)
	}
	want := "didomi-dev-function-1 " + retried + "didomi-dev-function-1 " + answered + "didomi-dev-function-1 " + platform + "access log {"
	if all := strings.Join(text, "\n"); !strings.HasPrefix(all, want) || len(got) != 4 {
		t.Errorf("got\n%s", all)
	}
	if w := get(t, withLogs(t), "/data/stacks/dev/requests/unknown"); w.Code != http.StatusNotFound {
		t.Errorf("status %d of a request without lines", w.Code)
	}
}

func TestTheTailOfALogHasWholeLinesAlone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	write(t, path, "first\nsecond\nthird\npart")
	for last, want := range map[int64]string{100: "first second third", 16: "third", 14: "third", 5: "", 0: ""} {
		lines, err := tail(path, last)
		if got := strings.Join(lines, " "); err != nil || got != want {
			t.Errorf("the last %d bytes: %q, %v, want %q", last, got, err, want)
		}
	}
	if lines, err := tail(path+"-missing", 1); err != nil || lines != nil {
		t.Errorf("a missing file: %v, %v", lines, err)
	}
}
