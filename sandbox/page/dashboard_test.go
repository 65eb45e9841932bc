package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/didomi/serverless-api/sandbox/daemon"
)

func (f *fakeCloudWatch) ListDashboards(_ context.Context, in *cloudwatch.ListDashboardsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.ListDashboardsOutput, error) {
	out := &cloudwatch.ListDashboardsOutput{}
	for name := range f.dashboards {
		if strings.HasPrefix(name, *in.DashboardNamePrefix) {
			out.DashboardEntries = append(out.DashboardEntries, types.DashboardEntry{DashboardName: &name})
		}
	}
	return out, nil
}

func (f *fakeCloudWatch) GetDashboard(_ context.Context, in *cloudwatch.GetDashboardInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.GetDashboardOutput, error) {
	text := f.dashboards[*in.DashboardName]
	return &cloudwatch.GetDashboardOutput{DashboardBody: &text}, nil
}

func (f *fakeCloudWatch) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	since := time.Since(time.UnixMilli(*in.StartTime)).Round(time.Minute)
	switch {
	case *in.LogGroupName != "g" || since != 15*time.Minute:
		return nil, fmt.Errorf("no log group %s, or no events of the last %s", *in.LogGroupName, since)
	case in.NextToken == nil:
		return &cloudwatchlogs.FilterLogEventsOutput{Events: []logtypes.FilteredLogEvent{{Message: aws.String("first page")}}, NextToken: aws.String("next")}, nil
	}
	return &cloudwatchlogs.FilterLogEventsOutput{Events: []logtypes.FilteredLogEvent{{Message: aws.String("second page")}}}, nil
}

// showing is the page with a CloudWatch.
func showing(t *testing.T, fake *fakeCloudWatch) *page {
	t.Helper()
	p := testPage(t)
	p.watcher = func(daemon.Report) cloudWatch { return fake }
	p.logs = func(daemon.Report) cloudwatchlogs.FilterLogEventsAPIClient { return fake }
	return p
}

// The rules of metrics arrays:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html#CloudWatch-Dashboard-Properties-Metrics-Array-Format
func TestTheLinesOfAWidget(t *testing.T) {
	for name, c := range map[string]struct{ metrics, want string }{
		"a metric":            {`[["AWS/EC2","CPU"]]`, "AWS/EC2 CPU [] Sum 60"},
		"with dimensions":     {`[["AWS/EC2","CPU","Id","i-1","Zone","a"]]`, "AWS/EC2 CPU [{Id i-1} {Zone a}] Sum 60"},
		"with properties":     {`[["AWS/EC2","CPU",{"stat":"p99","period":300}]]`, "AWS/EC2 CPU [] p99 300"},
		"a repeated value":    {`[["AWS/EC2","CPU","Id","i-1"],[".","Disk",".","i-2"]]`, "AWS/EC2 CPU [{Id i-1}] Sum 60, AWS/EC2 Disk [{Id i-2}] Sum 60"},
		"all values but some": {`[["AWS/EC2","CPU","Id","i-1"],["...","i-2"]]`, "AWS/EC2 CPU [{Id i-1}] Sum 60, AWS/EC2 CPU [{Id i-2}] Sum 60"},
		"all values":          {`[["AWS/EC2","CPU","Id","i-1"],["...",{"stat":"Maximum"}]]`, "AWS/EC2 CPU [{Id i-1}] Sum 60, AWS/EC2 CPU [{Id i-1}] Maximum 60"},
		"after an expression": {`[["AWS/EC2","CPU"],[{"expression":"m1*2"}],[".","Disk"]]`, "AWS/EC2 CPU [] Sum 60, m1*2 [] Sum 60, AWS/EC2 Disk [] Sum 60"},
		"no name":             {`[["AWS/EC2"]]`, "error: metric 1: [\"AWS/EC2\"] must be"},
		"half a dimension":    {`[["AWS/EC2","CPU","Id"]]`, "error: metric 1"},
		"nothing above":       {`[[".","CPU"]]`, `error: metric 1: "." has no value above`},
		"too many for ...":    {`[["AWS/EC2","CPU"],["...","a","b","c"]]`, `error: metric 2: "..." has fewer values above`},
		"a number":            {`[["AWS/EC2",1,"CPU"]]`, "error: metric 1: 1 must be a string"},
		"wrong properties":    {`[["AWS/EC2","CPU",{"period":"60"}]]`, "error: metric 1: rendering properties"},
		"properties first":    {`[[{"stat":"Sum"},"AWS/EC2","CPU"]]`, "error: metric 1: "},
	} {
		t.Run(name, func(t *testing.T) {
			var w widget
			if err := json.Unmarshal([]byte(`{"properties":{"stat":"Sum","period":60,"metrics":`+c.metrics+`}}`), &w); err != nil {
				t.Fatal(err)
			}
			lines, err := w.metrics()
			var got []string
			for _, m := range lines {
				got = append(got, strings.TrimSpace(fmt.Sprint(m.namespace, " ", m.name, m.Expression, " ", m.dimensions, " ", m.Stat, " ", m.Period)))
			}
			text := strings.Join(got, ", ")
			if err != nil {
				text = "error: " + err.Error()
			}
			if wrong := strings.HasPrefix(c.want, "error"); wrong && !strings.HasPrefix(text, c.want) || !wrong && text != c.want {
				t.Errorf("got  %s\nwant %s", text, c.want)
			}
		})
	}
}

func TestALineIsNamedByWhatDistinguishesIt(t *testing.T) {
	cache := func(node, stat string) metric {
		return metric{name: "CacheHits", dimensions: []dimension{{"Group", "g"}, {"Node", node}}, rendering: rendering{Stat: stat}}
	}
	got := labels([]metric{cache("1", "Sum"), cache("2", "Sum"), {name: "Errors", dimensions: []dimension{{"Function", "f"}}, rendering: rendering{Stat: "Sum"}}, {rendering: rendering{Expression: "a/b"}}, {rendering: rendering{Label: "own", Expression: "a"}}})
	if want := []string{"CacheHits 1 Sum", "CacheHits 2 Sum", "Errors Sum", "a/b", "own"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

const dashboard = `{"widgets":[
 {"type":"alarm","x":0,"y":0,"width":24,"height":3,"properties":{"title":"Alarms","alarms":["arn:aws:cloudwatch:r:0:alarm:second","arn:aws:cloudwatch:r:0:alarm:first"]}},
 {"type":"text","properties":{"markdown":"# words"}},
 {"type":"metric","x":6,"y":3,"width":6,"height":6,"properties":{"title":"Requests","region":"r","period":60,"stat":"Sum",
  "metrics":[["N","A",{"id":"a","visible":false}],["N","B"],[{"expression":"a*2","id":"twice","label":"twice A","yAxis":"right"}]],
  "annotations":{"horizontal":[{"label":"limit","value":5},[{"value":1},{"value":2}]],"vertical":[{"value":"2026-12-02T12:00:00Z"}]}}},
 {"type":"metric","properties":{"view":"pie","metrics":[["N"]]}},
 {"type":"log","properties":{"title":"Failed","query":"SOURCE 'g' | fields @message"}},
 {"type":"log","properties":{"query":"SOURCE 'none' | fields @message"}},
 {"type":"explorer","properties":{"title":"Later"}}]}`

func dashboardFake() *fakeCloudWatch {
	return &fakeCloudWatch{
		dashboards: map[string]string{"didomi-dev-api": dashboard, "other": `{}`},
		data: func(in *cloudwatch.GetMetricDataInput) *cloudwatch.GetMetricDataOutput {
			first, second := in.EndTime.Truncate(time.Minute).Add(-2*time.Minute), in.EndTime.Truncate(time.Minute).Add(-time.Minute)
			return &cloudwatch.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{
				{Id: aws.String("line1"), Timestamps: []time.Time{first}, Values: []float64{3}},
				{Id: aws.String("twice"), Timestamps: []time.Time{first, second}, Values: []float64{4, 6}, Messages: []types.MessageData{{Code: aws.String("Note"), Value: aws.String("partial")}}},
			}}
		},
		alarms: cloudwatch.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{{AlarmName: aws.String("first"), StateValue: types.StateValueOk}, {AlarmName: aws.String("second"), StateValue: types.StateValueAlarm}}},
	}
}

func TestAStacksDashboardsAreShownWithAPanelForEachWidget(t *testing.T) {
	fake := dashboardFake()
	got := read[boards](t, showing(t, fake), "/data/stacks/dev/dashboards?minutes=15")
	if len(got.Dashboards) != 1 || !got.To.Equal(now) || !got.From.Equal(now.Add(-15*time.Minute)) {
		t.Fatalf("got %+v", got)
	}
	panels := got.Dashboards[0].Panels
	if len(panels) != 7 {
		t.Fatalf("%d panels of 7 widgets", len(panels))
	}
	if a := panels[0].Alarms; len(a) != 2 || a[0].Name != "second" || a[0].State != "ALARM" {
		t.Errorf("the alarms are %+v", a)
	}
	if panels[1].Markdown != "# words" {
		t.Errorf("the text is %+v", panels[1])
	}
	checkMetricPanel(t, panels[2])
	if table := panels[4].Table; table == nil || !slices.Equal(table.Rows[0], []string{"first page"}) || !slices.Equal(table.Rows[1], []string{"second page"}) {
		t.Errorf("the result of the query is %+v", table)
	}
	if q := fake.asked[0].MetricDataQueries; *q[0].Id != "a" || *q[0].ReturnData || *q[2].Expression != "a*2" || *q[1].MetricStat.Period != 60 {
		t.Errorf("the queries are %+v", q)
	}
	for i, want := range map[int]string{3: `the view "pie" is drawn as timeSeries`, 5: "read the log group none", 6: `type "explorer" are not drawn`} {
		if text := strings.Join(panels[i].Problems, "; "); !strings.Contains(text, want) {
			t.Errorf("panel %d says %q, want %s", i, text, want)
		}
	}
}

func checkMetricPanel(t *testing.T, p panel) {
	t.Helper()
	text, err := json.Marshal(p.Lines)
	if err != nil {
		t.Fatal(err)
	}
	if want := `[{"label":"B Sum","values":[3,null]},{"label":"twice A","right":true,"values":[4,6]}]`; string(text) != want || len(p.Times) != 2 {
		t.Errorf("the lines are %s at %v, want %s", text, p.Times, want)
	}
	if len(p.Annotations) != 1 || *p.Annotations[0].Value != 5 || p.X != 6 || p.Height != 6 {
		t.Errorf("got %+v", p)
	}
	if text := strings.Join(p.Problems, "; "); text != "a band of annotations is not drawn; annotations of times and alarms are not drawn; Note: partial" {
		t.Errorf("it says %q", text)
	}
}

func TestTheTimeOfADashboardIsChecked(t *testing.T) {
	for _, minutes := range []string{"", "0", "-5", "1501", "x"} {
		if w := get(t, showing(t, dashboardFake()), "/data/stacks/dev/dashboards?minutes="+minutes); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "1 to 1500") {
			t.Errorf("%q: %d %s", minutes, w.Code, w.Body)
		}
	}
}
