package page

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

var now = time.Date(2026, 12, 2, 12, 0, 30, 0, time.UTC)

// testPage returns the page of a sandbox with the stack dev, which a test changes.
func testPage(t *testing.T) *page {
	t.Helper()
	l := layout.Layout{Root: t.TempDir(), Port: 4566}
	p := &page{layout: l, log: slog.New(slog.DiscardHandler)}
	p.report = func(context.Context) (daemon.Report, error) {
		return daemon.Report{Generation: "one", AccessKeyID: "AKIDSECRET", SecretAccessKey: "secret-key", Clock: now, Parts: []daemon.Part{{Kind: "gateway", Health: "ok"}}}, nil
	}
	p.outputs = func(stack string) (deploy.Outputs, error) { return deploy.ReadOutputs(l, stack) }
	writeOutputs(t, l, deploy.Outputs{Stack: "dev", Generation: "one", Stacked: map[string]any{
		"dashboard": "didomi-dev-api", "functionName": "didomi-dev-function-1", "functionNames": []any{"didomi-dev-function-1", "didomi-dev-rotate-1"},
	}})
	return p
}

func writeOutputs(t *testing.T, l layout.Layout, out deploy.Outputs) {
	t.Helper()
	content, err := json.Marshal(out)
	if err != nil {
		t.Fatal(err)
	}
	write(t, deploy.OutputsFile(l, out.Stack), string(content))
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// get requests a path of the page from its own address.
func get(t *testing.T, p *page, path string) *httptest.ResponseRecorder {
	t.Helper()
	return send(t, p, httptest.NewRequest(http.MethodGet, "http://127.0.0.1:4569"+path, http.NoBody))
}

func send(t *testing.T, p *page, r *http.Request) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	p.handler().ServeHTTP(w, r)
	return w
}

// read decodes a response of the page.
func read[T any](t *testing.T, p *page, path string) T {
	t.Helper()
	w := get(t, p, path)
	var value T
	if err := json.Unmarshal(w.Body.Bytes(), &value); w.Code != http.StatusOK || err != nil {
		t.Fatalf("%s: %d, %v: %s", path, w.Code, err, w.Body)
	}
	return value
}

func TestOnlyThePageItselfIsServed(t *testing.T) {
	for name, c := range map[string]struct {
		host, header, value string
		want                int
	}{
		"its own address":                     {host: "127.0.0.1:4569", want: http.StatusOK},
		"localhost":                           {host: "localhost:4569", want: http.StatusOK},
		"a script of the page":                {host: "127.0.0.1:4569", header: "Sec-Fetch-Site", value: "same-origin", want: http.StatusOK},
		"its own origin":                      {host: "127.0.0.1:4569", header: "Origin", value: "http://127.0.0.1:4569", want: http.StatusOK},
		"a name that resolves to the address": {host: "attacker.example:4569", want: http.StatusMisdirectedRequest},
		"another port":                        {host: "127.0.0.1:4568", want: http.StatusMisdirectedRequest},
		"no port":                             {host: "127.0.0.1", want: http.StatusMisdirectedRequest},
		"another site":                        {host: "127.0.0.1:4569", header: "Sec-Fetch-Site", value: "cross-site", want: http.StatusForbidden},
		"another port of the site":            {host: "127.0.0.1:4569", header: "Sec-Fetch-Site", value: "same-site", want: http.StatusForbidden},
		"another origin":                      {host: "127.0.0.1:4569", header: "Origin", value: "https://attacker.example", want: http.StatusForbidden},
		"the page under its other name as an origin": {host: "127.0.0.1:4569", header: "Origin", value: "http://localhost:4569", want: http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodGet, "http://"+c.host+"/", http.NoBody)
			if c.header != "" {
				r.Header.Set(c.header, c.value)
			}
			w := send(t, testPage(t), r)
			if w.Code != c.want {
				t.Errorf("status %d, want %d: %s", w.Code, c.want, w.Body)
			}
			if got := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(got, "default-src 'self';") || strings.Contains(got, "unsafe") {
				t.Errorf("the policy is %q", got)
			}
		})
	}
}

func TestTheStatusHasTheStacksOfTheAccountAndNoKeys(t *testing.T) {
	p := testPage(t)
	writeOutputs(t, p.layout, deploy.Outputs{Stack: "prod", Generation: "one"})
	writeOutputs(t, p.layout, deploy.Outputs{Stack: "earlier", Generation: "zero"})
	w := get(t, p, "/data/status")
	for _, secret := range []string{"AKIDSECRET", "secret-key"} {
		if strings.Contains(w.Body.String(), secret) {
			t.Errorf("the status has %s", secret)
		}
	}
	got := read[status](t, p, "/data/status")
	if len(got.Parts) != 1 || strings.Join(got.Stacks, " ") != "dev prod" {
		t.Errorf("got %+v", got)
	}
}

func TestAStackThatIsNotDeployedIsNotFound(t *testing.T) {
	p := testPage(t)
	writeOutputs(t, p.layout, deploy.Outputs{Stack: "earlier", Generation: "zero"})
	for _, stack := range []string{"prod", "earlier", "..%2F..%2Fetc"} {
		if w := get(t, p, "/data/stacks/"+stack+"/alarms"); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), "make up STACK=") {
			t.Errorf("%s: %d %s", stack, w.Code, w.Body)
		}
	}
}

func TestLibrariesAreTheFilesThatThePageLoads(t *testing.T) {
	p := testPage(t)
	write(t, filepath.Join(p.layout.PageLibraries(), "node_modules", "uplot", "dist", "uPlot.esm.js"), "export default 1")
	write(t, filepath.Join(p.layout.PageLibraries(), "package.json"), "{}")
	for path, want := range map[string]int{"/lib/uplot.js": 200, "/lib/package.json": 404, "/lib/..%2Fpackage.json": 404, "/lib/swagger-ui.js": 404} {
		if w := get(t, p, path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if got := get(t, p, "/lib/uplot.js").Header().Get("Content-Type"); !strings.HasPrefix(got, "text/javascript") {
		t.Errorf("a script has the type %q", got)
	}
}

// The page's own files load nothing from elsewhere and contain no script or style that the policy forbids.
func TestThePageIsSelfContained(t *testing.T) {
	p := testPage(t)
	for _, file := range []string{"/", "/page.css", "/page.js", "/dom.js", "/boards.js", "/reference.js"} {
		text := get(t, p, file).Body.String()
		if text == "" {
			t.Errorf("%s is empty", file)
		}
		for _, forbidden := range []string{"http://", "https://", " style=", " onclick=", "eval(", "innerHTML"} {
			if strings.Contains(text, forbidden) {
				t.Errorf("%s has %q", file, forbidden)
			}
		}
	}
}

// fakeCloudWatch returns what a test puts, and keeps the queries of metric data.
type fakeCloudWatch struct {
	dashboards map[string]string
	data       func(*cloudwatch.GetMetricDataInput) *cloudwatch.GetMetricDataOutput
	alarms     cloudwatch.DescribeAlarmsOutput
	history    cloudwatch.DescribeAlarmHistoryOutput
	asked      []*cloudwatch.GetMetricDataInput
	described  *cloudwatch.DescribeAlarmsInput
}

func (f *fakeCloudWatch) GetMetricData(_ context.Context, in *cloudwatch.GetMetricDataInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetMetricDataOutput, error) {
	f.asked = append(f.asked, in)
	return f.data(in), nil
}

func (f *fakeCloudWatch) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	f.described = in
	return &f.alarms, nil
}

func (f *fakeCloudWatch) DescribeAlarmHistory(context.Context, *cloudwatch.DescribeAlarmHistoryInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmHistoryOutput, error) {
	return &f.history, nil
}

// body is a response's text.
func bodyOf(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
