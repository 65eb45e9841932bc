package page

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// The types of widgets that are drawn.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
const (
	textWidget   = "text"
	metricWidget = "metric"
	alarmWidget  = "alarm"
	logWidget    = "log"
)

// body is the body of a dashboard.
type body struct {
	Widgets []widget `json:"widgets"`
}

type widget struct {
	Type       string     `json:"type"`
	X          int        `json:"x"`
	Y          int        `json:"y"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Properties properties `json:"properties"`
}

type properties struct {
	Title       string              `json:"title"`
	Markdown    string              `json:"markdown"`
	View        string              `json:"view"`
	Stat        string              `json:"stat"`
	Period      int32               `json:"period"`
	Metrics     [][]json.RawMessage `json:"metrics"`
	Annotations struct {
		Horizontal []annotation      `json:"horizontal"`
		Vertical   []json.RawMessage `json:"vertical"`
		Alarms     []string          `json:"alarms"`
	} `json:"annotations"`
	Alarms []string `json:"alarms"`
	Query  string   `json:"query"`
}

// annotation is a horizontal line. CloudWatch has bands of two values too, which are decoded as no number.
type annotation struct {
	Label string   `json:"label"`
	Value *float64 `json:"value"`
}

// UnmarshalJSON decodes a band as an annotation without a value.
func (a *annotation) UnmarshalJSON(text []byte) error {
	type plain annotation
	if len(text) > 0 && text[0] == '[' {
		*a = annotation{}
		return nil
	}
	return json.Unmarshal(text, (*plain)(a))
}

// metric is a line of a metric widget: a metric's statistic or an expression.
type metric struct {
	namespace, name string
	dimensions      []dimension
	rendering
}

type dimension struct{ name, value string }

// rendering are the properties at the end of a line.
type rendering struct {
	Expression string `json:"expression"`
	ID         string `json:"id"`
	Label      string `json:"label"`
	Stat       string `json:"stat"`
	Period     int32  `json:"period"`
	Visible    *bool  `json:"visible"`
	YAxis      string `json:"yAxis"`
}

// metrics decodes the lines of a widget. In a line "." is the value at this place of the line above, and "..." stands for
// all of its values that the ones after it leave.
func (w widget) metrics() ([]metric, error) {
	var lines []metric
	var above []string
	for i, line := range w.Properties.Metrics {
		values, options, err := split(line)
		if err != nil {
			return nil, fmt.Errorf("metric %d: %w", i+1, err)
		}
		m := metric{rendering: options}
		if options.Expression == "" {
			if values, err = expand(values, above); err != nil {
				return nil, fmt.Errorf("metric %d: %w", i+1, err)
			}
			above = values
			m.namespace, m.name = values[0], values[1]
			for pair := range slices.Chunk(values[2:], 2) {
				m.dimensions = append(m.dimensions, dimension{pair[0], pair[1]})
			}
		}
		if m.Stat == "" {
			m.Stat = w.Properties.Stat
		}
		if m.Stat == "" {
			m.Stat = "Average" // CloudWatch's default
		}
		if m.Period == 0 {
			m.Period = w.Properties.Period
		}
		lines = append(lines, m)
	}
	return lines, nil
}

// split separates the values of a line from the rendering properties at its end.
func split(line []json.RawMessage) (values []string, options rendering, err error) {
	for i, item := range line {
		var value string
		if json.Unmarshal(item, &value) == nil {
			values = append(values, value)
			continue
		}
		if i != len(line)-1 {
			return nil, options, fmt.Errorf("%s must be a string", item)
		}
		if err := json.Unmarshal(item, &options); err != nil {
			return nil, options, fmt.Errorf("rendering properties: %w", err)
		}
	}
	return values, options, nil
}

func expand(values, above []string) ([]string, error) {
	if len(values) > 0 && values[0] == "..." {
		kept := len(above) - (len(values) - 1)
		if kept < 0 {
			return nil, errors.New(`"..." has fewer values above than follow it`)
		}
		values = slices.Concat(above[:kept], values[1:])
	}
	values = slices.Clone(values)
	for i, value := range values {
		if value != "." {
			continue
		}
		if i >= len(above) {
			return nil, errors.New(`"." has no value above`)
		}
		values[i] = above[i]
	}
	if len(values) < 2 || len(values)%2 != 0 {
		return nil, fmt.Errorf("%q must be a namespace, a name, and the name and value of each dimension", values)
	}
	return values, nil
}

// labels returns what each line is called: its own label, or the name, the dimensions that lines of this name do not have
// alike, and the statistic.
func labels(lines []metric) []string {
	type of struct {
		name string
		dimension
	}
	having, named := map[of]int{}, map[string]int{}
	for _, m := range lines {
		named[m.name]++
		for _, d := range m.dimensions {
			having[of{m.name, d}]++
		}
	}
	all := make([]string, len(lines))
	for i, m := range lines {
		all[i] = m.name
		for _, d := range m.dimensions {
			if having[of{m.name, d}] < named[m.name] {
				all[i] += " " + d.value
			}
		}
		switch {
		case m.Label != "":
			all[i] = m.Label
		case m.Expression != "":
			all[i] = m.Expression
		default:
			all[i] += " " + m.Stat
		}
	}
	return all
}
