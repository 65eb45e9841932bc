package page

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/didomi/serverless-api/sandbox/insights"
)

// board is a dashboard with the data of a time.
type board struct {
	Name   string  `json:"name"`
	Panels []panel `json:"panels"`
}

// panel is a widget as the page draws it.
type panel struct {
	Type        string          `json:"type"`
	Title       string          `json:"title,omitempty"`
	X           int             `json:"x"`
	Y           int             `json:"y"`
	Width       int             `json:"width"`
	Height      int             `json:"height"`
	View        string          `json:"view,omitempty"`
	Markdown    string          `json:"markdown,omitempty"`
	Times       []int64         `json:"times,omitempty"` // Unix seconds
	Lines       []line          `json:"lines,omitempty"`
	Annotations []annotation    `json:"annotations,omitempty"`
	Alarms      []alarm         `json:"alarms,omitempty"`
	Query       string          `json:"query,omitempty"`
	Table       *insights.Table `json:"table,omitempty"`
	Problems    []string        `json:"problems,omitempty"` // what of the widget is not drawn
}

// boards are the dashboards of a stack in a time.
type boards struct {
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	Dashboards []board   `json:"dashboards"`
}

// maxMinutes is how long metrics are kept (sandbox/metrics).
const maxMinutes = 25 * 60

// dashboards returns the stack's dashboards with the data of the last minutes by the clock of metrics, which may stand.
func (p *page) dashboards(r *http.Request) (boards, error) {
	minutes, err := strconv.Atoi(r.URL.Query().Get("minutes"))
	if err != nil || minutes < 1 || minutes > maxMinutes {
		return boards{}, inputError(fmt.Sprintf("minutes: must be an integer from 1 to %d", maxMinutes))
	}
	s, err := p.stack(r)
	if err != nil {
		return boards{}, err
	}
	past := time.Duration(minutes) * time.Minute
	v := viewer{p.watcher(s.report), s.report.Clock.Add(-past), s.report.Clock, logReader{p.logs(s.report), past}}
	listed, err := v.api.ListDashboards(r.Context(), &cloudwatch.ListDashboardsInput{DashboardNamePrefix: &s.prefix})
	if err != nil {
		return boards{}, fmt.Errorf("list the dashboards: %w", err)
	}
	all := boards{From: v.from, To: v.to, Dashboards: []board{}}
	for _, entry := range listed.DashboardEntries {
		b, err := v.board(r.Context(), aws.ToString(entry.DashboardName))
		if err != nil {
			return boards{}, err
		}
		all.Dashboards = append(all.Dashboards, b)
	}
	return all, nil
}

// viewer reads what dashboards show of a time.
type viewer struct {
	api      cloudWatch
	from, to time.Time
	logs     logReader
}

func (v viewer) board(ctx context.Context, name string) (board, error) {
	got, err := v.api.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &name})
	if err != nil {
		return board{}, fmt.Errorf("get the dashboard %s: %w", name, err)
	}
	var deployed body
	if err := json.Unmarshal([]byte(aws.ToString(got.DashboardBody)), &deployed); err != nil {
		return board{}, fmt.Errorf("dashboard %s: its body: %w", name, err)
	}
	b := board{Name: name, Panels: make([]panel, len(deployed.Widgets))}
	for i, w := range deployed.Widgets {
		b.Panels[i] = v.panel(ctx, w)
	}
	return b, nil
}

// panel reads what a widget shows. What fails is on the panel, so that the others are drawn.
func (v viewer) panel(ctx context.Context, w widget) panel {
	p := panel{Type: w.Type, Title: w.Properties.Title, X: w.X, Y: w.Y, Width: w.Width, Height: w.Height}
	var err error
	switch w.Type {
	case textWidget:
		p.Markdown = w.Properties.Markdown
	case metricWidget:
		err = v.metricPanel(ctx, w, &p)
	case alarmWidget:
		p.Alarms, err = v.named(ctx, w.Properties.Alarms)
	case logWidget:
		p.Query = w.Properties.Query
		err = v.logPanel(ctx, w, &p)
	default:
		err = fmt.Errorf("widgets of the type %q are not drawn", w.Type)
	}
	if err != nil {
		p.Problems = append(p.Problems, err.Error())
	}
	return p
}

// The views of metrics that are drawn.
var drawnViews = map[string]bool{"timeSeries": true, "singleValue": true}

func (v viewer) metricPanel(ctx context.Context, w widget, p *panel) error {
	p.View = w.Properties.View
	if p.View == "" {
		p.View = "timeSeries"
	}
	if !drawnViews[p.View] {
		p.Problems = append(p.Problems, fmt.Sprintf("the view %q is drawn as timeSeries", p.View))
	}
	for _, a := range w.Properties.Annotations.Horizontal {
		if a.Value == nil {
			p.Problems = append(p.Problems, "a band of annotations is not drawn")
			continue
		}
		p.Annotations = append(p.Annotations, a)
	}
	if len(w.Properties.Annotations.Vertical)+len(w.Properties.Annotations.Alarms) > 0 {
		p.Problems = append(p.Problems, "annotations of times and alarms are not drawn")
	}
	lines, err := w.metrics()
	if err != nil {
		return err
	}
	return v.read(ctx, lines, p)
}
