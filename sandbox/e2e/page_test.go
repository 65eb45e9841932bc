package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/didomi/serverless-api/sandbox/daemon"
)

// TestPage is the part of TestEndToEnd about the page, with the stack that came up last. `make page` runs it.
func TestPage(t *testing.T) { checkPage(t, lastOutputs(t)) }

// pageViews are the page's views, in the order of their links.
var pageViews = []string{"parts", "dashboards", "alarms", "requests", "diagram", "reference"}

// checkPage looks at each view of the page in a browser.
func checkPage(t *testing.T, out outputs) {
	t.Helper()
	report, err := daemon.Ask(t.Context(), sandboxLayout(t))
	if err != nil {
		t.Fatal(err)
	}
	id, failed := requestItem(t, out), failedRequest(t, out)
	b := openBrowser(t)
	b.colours(t, "light")
	b.run(t, chromedp.Navigate(report.Page))
	b.eventually(t, drawn("parts"))
	b.do(t, fmt.Sprintf(`stack.value = %q; stack.dispatchEvent(new Event("change"))`, out.Stack))
	checkParts(t, b, report)
	checkPanels(t, b, out)
	checkFailedRequest(t, b, failed)
	checkRingingAlarm(t, b, out)
	checkShownRequest(t, b, id)
	checkDiagram(t, b)
	checkTryIt(t, b)
	checkKeyboard(t, b)
	checkColours(t, b)
	b.check(t, report.Page)
}

// requestItem sends requests with a result of the cache, and returns the id of one.
func requestItem(t *testing.T, out outputs) string {
	t.Helper()
	expect(t, out, http.MethodPut, "/items/page-1", `{"seen":true}`, http.StatusCreated)
	t.Cleanup(func() { expect(t, out, http.MethodDelete, "/items/page-1", "", http.StatusNoContent) })
	expect(t, out, http.MethodGet, "/items/page-1", "", http.StatusOK, "miss", "hit")
	return expect(t, out, http.MethodGet, "/items/page-1", "", http.StatusOK, "hit").header.Get("X-Request-Id")
}

// failedRequest has a request fail by the database, and returns its id.
func failedRequest(t *testing.T, out outputs) string {
	t.Helper()
	failPart(t, out, "database", "down")
	id := expect(t, out, http.MethodGet, newItem(), "", http.StatusServiceUnavailable).header.Get("X-Request-Id")
	endFault(t, out, "database")
	databaseRecovers(t, out)
	return id
}

// checkFailedRequest finds the request in the result of the dashboard's query, with fields of both logs.
func checkFailedRequest(t *testing.T, b *browser, id string) {
	t.Helper()
	const rows = `[...document.querySelectorAll(".panel[data-type=log] tbody tr")].map((row) => row.innerText)`
	found := evaluate[[]string](t, b, rows)
	i := slices.IndexFunc(found, func(row string) bool { return strings.Contains(row, id) })
	if i < 0 {
		t.Fatalf("the failed requests lack %s:\n%s", id, strings.Join(found, "\n"))
	}
	for _, want := range []string{"503", "GET", "/items/{id}", "connect"} { // status, request, reason
		if !strings.Contains(found[i], want) {
			t.Errorf("the failed request lacks %q: %s", want, found[i])
		}
	}
	if !regexp.MustCompile(`1-[0-9a-f]{8}-[0-9a-f]{24}`).MatchString(found[i]) {
		t.Errorf("the failed request lacks its trace: %s", found[i])
	}
}

// drawn is whether a view has content.
func drawn(view string) string {
	return fmt.Sprintf(`!document.getElementById(%[1]q).hidden && document.querySelector("#%[1]s .content").children.length > 0`, view)
}

// open follows the link of a view.
func (b *browser) open(t *testing.T, view string) {
	t.Helper()
	b.do(t, fmt.Sprintf(`document.querySelector("#%[1]s .content").replaceChildren(); document.querySelector("nav a[href='#%[1]s']").click()`, view))
	b.eventually(t, drawn(view))
}

func checkParts(t *testing.T, b *browser, report daemon.Report) {
	t.Helper()
	b.open(t, "parts")
	text := evaluate[string](t, b, `document.querySelector("#parts tbody").innerText`)
	for _, part := range report.Parts {
		if part.Kind != "function" && !strings.Contains(text, part.Addr) { // functions come and go
			t.Errorf("the page lacks %s %s at %s:\n%s", part.Kind, part.Name, part.Addr, text)
		}
	}
	if sick := evaluate[int](t, b, `document.querySelectorAll("#parts .bad").length`); sick > 0 {
		t.Errorf("%d parts are not healthy:\n%s", sick, text)
	}
}

// checkPanels checks that each deployed widget is a panel, and that metric panels are drawn, with data of the requests.
func checkPanels(t *testing.T, b *browser, out outputs) {
	t.Helper()
	name, widgets := deployedWidgets(t, out)
	b.open(t, "dashboards")
	if title := evaluate[string](t, b, `document.querySelector("#dashboards .content h3").innerText`); title != name {
		t.Errorf("the dashboard is %q, want %s", title, name)
	}
	kinds, graphs := make([]string, len(widgets)), 0
	for i, w := range widgets {
		kinds[i] = w.Type
		if w.Type == "metric" && w.Properties.View != "singleValue" {
			graphs++
		}
	}
	b.eventually(t, fmt.Sprintf(`document.querySelectorAll(".panel[data-type=metric] canvas").length === %d`, graphs))
	panels := evaluate[[]string](t, b, `[...document.querySelectorAll(".panel")].map((panel) => panel.dataset.type)`)
	if !slices.Equal(panels, kinds) {
		t.Errorf("the panels are %v, the widgets %v", panels, kinds)
	}
	if problems := evaluate[string](t, b, `[...document.querySelectorAll(".panel p.unknown")].map((p) => p.innerText).join("\n")`); problems != "" {
		t.Errorf("panels report\n%s", problems)
	}
	values := evaluate[string](t, b, `[...document.querySelectorAll(".panel")].find((panel) => panel.innerText.startsWith("API Gateway: requests")).innerText`)
	if !strings.Contains(values, "Count") || strings.Contains(strings.SplitN(values, "4XX", 2)[0], "no data") {
		t.Errorf("the panel of requests has\n%s", values)
	}
}

type widget struct {
	Type       string
	Properties struct{ View string }
}

// deployedWidgets returns the name of the stack's dashboard and its widgets.
func deployedWidgets(t *testing.T, out outputs) (string, []widget) {
	t.Helper()
	client := cloudwatch.NewFromConfig(awsConfig(out))
	list, err := client.ListDashboards(t.Context(), &cloudwatch.ListDashboardsInput{DashboardNamePrefix: aws.String("didomi-" + out.Stack + "-")})
	if err != nil || len(list.DashboardEntries) != 1 {
		t.Fatalf("%+v, %v; want one dashboard", list, err)
	}
	got, err := client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: list.DashboardEntries[0].DashboardName})
	if err != nil {
		t.Fatal(err)
	}
	var body struct{ Widgets []widget }
	if err := json.Unmarshal([]byte(*got.DashboardBody), &body); err != nil {
		t.Fatal(err)
	}
	return *got.DashboardName, body.Widgets
}

// checkRingingAlarm brings an alarm into ALARM, and finds it first in the list, with its reason and its history. The
// clock is stopped, so nothing else changes its state.
func checkRingingAlarm(t *testing.T, b *browser, out outputs) {
	t.Helper()
	client := cloudwatch.NewFromConfig(awsConfig(out))
	found, err := client.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String("didomi-" + out.Stack + "-api-function-errors"), AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm}})
	if err != nil || len(found.MetricAlarms) == 0 {
		t.Fatalf("%+v, %v; want the alarm function-errors", found, err)
	}
	name, reason := *found.MetricAlarms[0].AlarmName, "the test of the page"
	set := func(state types.StateValue) {
		t.Helper()
		if _, err := client.SetAlarmState(t.Context(), &cloudwatch.SetAlarmStateInput{AlarmName: &name, StateValue: state, StateReason: &reason}); err != nil {
			t.Fatal(err)
		}
	}
	set(types.StateValueAlarm)
	b.open(t, "alarms")
	row := fmt.Sprintf(`[...document.querySelectorAll("#alarms tbody tr")].find((row) => row.querySelector("strong").innerText === %q)`, name)
	text := evaluate[string](t, b, row+`.innerText`)
	if !strings.HasPrefix(text, "ALARM") || !strings.Contains(text, reason) {
		t.Errorf("the row of the alarm is %q", text)
	}
	if first := evaluate[string](t, b, `document.querySelector("#alarms tbody tr .state").innerText`); first != "ALARM" {
		t.Errorf("the first alarm is %s", first)
	}
	b.do(t, row+`.querySelector("details").open = true`)
	b.eventually(t, row+`.innerText.includes("to ALARM")`)
	b.open(t, "dashboards")
	b.eventually(t, fmt.Sprintf(`[...document.querySelectorAll(".panel[data-type=alarm] li")].some((li) => li.innerText.includes("ALARM") && li.innerText.includes(%q))`, name))
	screenshots(t, b)
	set(types.StateValueOk)
}

// checkShownRequest checks that a request is listed with its result, and its lines are shown.
func checkShownRequest(t *testing.T, b *browser, id string) {
	t.Helper()
	row := fmt.Sprintf(`[...document.querySelectorAll("#requests tbody tr")].find((row) => row.innerText.includes(%q))`, id)
	b.open(t, "requests")
	b.eventually(t, row+` !== undefined`)
	text := evaluate[string](t, b, row+`.innerText`)
	for _, word := range []string{"GET /items/{id}", "200", "hit"} {
		if !strings.Contains(text, word) {
			t.Errorf("the row of the request lacks %q: %q", word, text)
		}
	}
	b.do(t, row+`.querySelector("details").open = true`)
	b.eventually(t, row+`.querySelectorAll("pre").length > 1`)
	lines := evaluate[string](t, b, row+`.querySelector("details").innerText`)
	for _, word := range []string{`"request_id": "` + id, "access log", `"cache": "hit"`} {
		if !strings.Contains(lines, word) {
			t.Errorf("the lines of the request lack %q:\n%s", word, lines)
		}
	}
}

func checkDiagram(t *testing.T, b *browser) {
	t.Helper()
	b.open(t, "diagram")
	b.eventually(t, `document.querySelector("#diagram img").complete && document.querySelector("#diagram img").naturalWidth > 100`)
}

// checkTryIt calls the deployed API from its reference.
func checkTryIt(t *testing.T, b *browser) {
	t.Helper()
	b.open(t, "reference")
	b.eventually(t, `document.querySelectorAll("#swagger .opblock").length > 5`)
	for _, path := range []string{"/health", "/items"} {
		block := fmt.Sprintf(`[...document.querySelectorAll("#swagger .opblock-get")].find((block) => block.querySelector(".opblock-summary-path").innerText.replace(/\u200b/g, "") === %q)`, path)
		b.eventually(t, block+` !== undefined`)
		b.do(t, block+`.querySelector("button.opblock-summary-control").click()`)
		// An operation can be executed once its references are resolved, as its responses show.
		b.eventually(t, block+`.querySelector("button.execute") !== null && `+block+`.querySelector(".responses-table:not(.live-responses-table) .response") !== null`)
		b.do(t, block+`.querySelector("button.execute").click()`)
		b.eventually(t, block+`.querySelector(".live-responses-table tbody .response-col_status") !== null`)
		if text := evaluate[string](t, b, block+`.querySelector(".live-responses-table tbody").innerText`); !strings.HasPrefix(strings.TrimSpace(text), "200") {
			t.Errorf("GET %s from the reference: %s", path, text)
		}
	}
}

// checkKeyboard reaches the links, the stack and the details of an alarm with the keyboard alone.
func checkKeyboard(t *testing.T, b *browser) {
	t.Helper()
	b.open(t, "alarms")
	b.do(t, `document.activeElement.blur()`)
	var reached []string
	for range len(pageViews) + 5 {
		b.run(t, chromedp.KeyEvent(kb.Tab))
		at := evaluate[string](t, b, `document.activeElement.hash || document.activeElement.id || document.activeElement.tagName`)
		if at == "BODY" {
			continue // from the end of the page to its beginning
		}
		if reached = append(reached, at); at == "SUMMARY" {
			break
		}
	}
	want := []string{"#parts", "stack"} // the link that skips, and the choice of the stack
	for _, view := range pageViews {
		want = append(want, "#"+view)
	}
	if want = append(want, "SUMMARY"); !slices.Equal(reached, want) {
		t.Fatalf("the key Tab reaches %v, want %v", reached, want)
	}
	b.run(t, chromedp.KeyEvent(kb.Enter))
	b.eventually(t, `document.activeElement.parentElement.open && document.activeElement.parentElement.querySelector("pre") !== null`)
	if outline := evaluate[string](t, b, `getComputedStyle(document.activeElement).outlineStyle`); outline == "none" {
		t.Error("what has the focus has no outline")
	}
	b.do(t, `document.querySelector("nav a[href='#requests']").focus()`)
	b.run(t, chromedp.KeyEvent(kb.Enter))
	b.eventually(t, drawn("requests"))
}

// checkColours checks that text has enough contrast in both colour schemes.
func checkColours(t *testing.T, b *browser) {
	t.Helper()
	backgrounds := map[string]bool{}
	for _, scheme := range []string{"dark", "light"} {
		b.colours(t, scheme)
		b.open(t, "alarms")
		backgrounds[evaluate[string](t, b, `getComputedStyle(document.body).backgroundColor`)] = true
		for _, selector := range []string{"body", "nav a", "th", ".good", "#clock"} {
			if got := evaluate[float64](t, b, contrast(selector)); got < 4.5 {
				t.Errorf("%s: the contrast of %s is %.1f, must be 4.5", scheme, selector, got)
			}
		}
	}
	if len(backgrounds) != 2 {
		t.Errorf("both schemes have the background %v", backgrounds)
	}
}

// contrast is the ratio of the luminances of an element's text and the page.
// https://www.w3.org/TR/WCAG22/#contrast-minimum
func contrast(selector string) string {
	return fmt.Sprintf(`(() => {
		const luminance = (color) => color.match(/[\d.]+/g).slice(0, 3).map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
			.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
		const [a, b] = [getComputedStyle(document.querySelector(%q)).color, getComputedStyle(document.body).backgroundColor].map(luminance).sort((x, y) => y - x);
		return (a + 0.05) / (b + 0.05);
	})()`, selector)
}

// screenshots writes the pictures of the documentation, if UPDATE_DOCS is set.
func screenshots(t *testing.T, b *browser) {
	t.Helper()
	if os.Getenv("UPDATE_DOCS") == "" {
		return
	}
	for _, scheme := range []string{"dark", "light"} {
		b.colours(t, scheme)
		b.open(t, "dashboards")
		b.eventually(t, `document.querySelector(".panel canvas") !== null`)
		picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(repository(t), "docs", "page-"+scheme+".png"), picture, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
