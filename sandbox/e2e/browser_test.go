package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser is a tab of a browser, with what it requested and reported.
type browser struct {
	ctx context.Context

	mu       sync.Mutex
	requests []string
	problems []string
}

// browserTimeout bounds each wait for the page.
const browserTimeout = 30 * time.Second

// openBrowser starts Chromium, which resolves no names. Its libraries and fonts are those that come with it.
func openBrowser(t *testing.T) *browser {
	t.Helper()
	dir := sandboxLayout(t).Browser()
	program := filepath.Join(dir, "chromium")
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("this test needs a browser; make page installs it and runs this test: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.NoSandbox, chromedp.WindowSize(1280, 900),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"), chromedp.Flag("no-zygote", true), chromedp.Flag("in-process-gpu", true), chromedp.Flag("lang", "en-US"),
		chromedp.Env("LD_LIBRARY_PATH="+filepath.Join(dir, "al2023", "lib"), "FONTCONFIG_FILE="+fonts(t, filepath.Join(dir, "fonts")), "LANG=en_US.UTF-8", "LC_ALL=en_US.UTF-8"),
	)
	allocated, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, closeTab := chromedp.NewContext(allocated)
	t.Cleanup(closeTab)
	b := &browser{ctx: ctx}
	// It starts the browser, which ends with this context.
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatalf("start the browser: %v", err)
	}
	return b
}

// fonts writes the configuration of the fonts in a directory. The one that comes with them is for AWS Lambda.
func fonts(t *testing.T, dir string) string {
	t.Helper()
	cache, file := t.TempDir(), filepath.Join(t.TempDir(), "fonts.conf")
	text := fmt.Sprintf(`<?xml version="1.0"?><fontconfig><dir>%s</dir><cachedir>%s</cachedir></fontconfig>`, dir, cache)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (b *browser) listen(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			b.problems = append(b.problems, fmt.Sprintf("console: %s %s %s", e.Type, e.Args[0].Value, e.Args[0].Description))
		}
	case *runtime.EventExceptionThrown:
		b.problems = append(b.problems, fmt.Sprintf("exception: %s %s", e.ExceptionDetails.Text, described(e.ExceptionDetails.Exception)))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.problems = append(b.problems, "log: "+e.Entry.Text+" "+e.Entry.URL)
		}
	}
}

func described(exception *runtime.RemoteObject) string {
	if exception == nil {
		return ""
	}
	return exception.Description
}

// run runs actions.
func (b *browser) run(t *testing.T, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserTimeout)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatalf("%v; the page reports %q", err, b.reported())
	}
}

func (b *browser) reported() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.problems)
}

// evaluate returns the value of an expression in the page.
func evaluate[T any](t *testing.T, b *browser, expression string) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, browserTimeout)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		t.Fatalf("%s: %v; the page reports %q", expression, err, b.reported())
	}
	return value
}

// do evaluates a statement in the page.
func (b *browser) do(t *testing.T, statement string) {
	t.Helper()
	evaluate[chromedp.Void](t, b, statement)
}

// eventually waits until an expression is true in the page.
func (b *browser) eventually(t *testing.T, expression string) {
	t.Helper()
	for end := time.Now().Add(browserTimeout); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if evaluate[bool](t, b, "Boolean("+expression+")") {
			return
		}
	}
	t.Fatalf("%s is not true in the page, which reports %q and shows\n%s", expression, b.reported(), evaluate[string](t, b, "document.querySelector('main').innerText.slice(0, 2000)"))
}

// colours emulates the colour scheme that the user prefers.
func (b *browser) colours(t *testing.T, scheme string) {
	t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
	if err != nil {
		t.Fatal(err)
	}
}

// check checks that nothing but the page's server was asked, and that nothing failed.
func (b *browser) check(t *testing.T, page string) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	own, err := url.Parse(page)
	if err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, each := range b.requests {
		u, err := url.Parse(each)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case u.Host == own.Host:
			asked++
		case u.Scheme != "data" && u.Scheme != "about":
			t.Errorf("the page requests %s", each)
		}
	}
	if asked == 0 {
		t.Error("no request of the page was seen")
	}
	if len(b.problems) > 0 {
		t.Errorf("the page reports\n%s", strings.Join(b.problems, "\n"))
	}
}
