package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// pageRow is a row of docs/reference/failure-modes.md.
type pageRow struct {
	logged  []string // texts of one line of the function's log
	counted []string // metrics; that line counts the first one
	// unlogged: no line has a password.
	unlogged bool
	// quiet: there is no warning and no error.
	quiet bool
}

// conditional are the rows whose last columns depend on something that their tests do not bring about.
var conditional = []string{"cache's secret rotated", "S3 slow"}

var (
	codeSpan = regexp.MustCompile("`([^`]+)`|(SQLSTATE \\d+)")
	// metricName matches no other code in the column.
	metricName = regexp.MustCompile("`([A-Z][A-Za-z]+)`")
)

// pageRows reads the page's table, by the first column without references to tests.
func pageRows(t *testing.T) map[string]pageRow {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "docs", "reference", "failure-modes.md"))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]pageRow{}
	var above []string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 7 || strings.HasPrefix(cells[1], " fault") || strings.HasPrefix(cells[1], " ---") {
			continue
		}
		for i, cell := range cells {
			if strings.TrimSpace(cell) == "the same" {
				cells[i] = above[i]
			}
		}
		above = cells
		name, _, _ := strings.Cut(cells[1], "(")
		name = strings.TrimSpace(name)
		row := pageRow{unlogged: strings.Contains(cells[4], "no password"), quiet: strings.TrimSpace(cells[4]) == "-"}
		if !slices.Contains(conditional, name) {
			for _, found := range codeSpan.FindAllStringSubmatch(cells[4], -1) {
				row.logged = append(row.logged, found[1]+found[2])
			}
			for _, found := range metricName.FindAllStringSubmatch(cells[5], -1) {
				row.counted = append(row.counted, found[1])
			}
		}
		rows[name] = row
	}
	return rows
}

// functionLog is the log of a stack's API function from a point in time on.
type functionLog struct {
	path  string
	start int64
}

// followFunctionLog follows the log of a stack's API function from now on.
func followFunctionLog(t *testing.T, out outputs) functionLog {
	t.Helper()
	name := aws.ToString(stackFunction(t, out, "api").FunctionName)
	l := functionLog{path: filepath.Join(sandboxLayout(t).Data(), "functions", "logs", name+".log")}
	info, err := os.Stat(l.path)
	if os.IsNotExist(err) {
		return l // it has logged nothing yet
	}
	if err != nil {
		t.Fatal(err)
	}
	l.start = info.Size()
	return l
}

// added returns what was added to the log. A full log is renamed and begins again.
func (l functionLog) added(t *testing.T) []byte {
	t.Helper()
	var text []byte
	for _, path := range []string{l.path + ".1", l.path} {
		file, err := os.Open(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		info, err := file.Stat()
		if err == nil && info.Size() >= l.start && len(text) == 0 {
			_, err = file.Seek(l.start, io.SeekStart)
		}
		content, readErr := io.ReadAll(file)
		if err != nil || readErr != nil {
			t.Fatal(err, readErr)
		}
		_ = file.Close()
		text = append(text, content...)
	}
	return text
}

// check waits until a line has all that the row says is logged and counts its first metric, and some lines count the
// others: the function writes a line after it has sent the response.
func (l functionLog) check(t *testing.T, out outputs, row pageRow) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !row.matches(l.added(t)); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("no line has %q and counts %q; the function logged\n%s", row.logged, row.counted, l.added(t))
			break
		}
	}
	if text := l.added(t); row.quiet && (bytes.Contains(text, []byte(`"level":"WARN"`)) || bytes.Contains(text, []byte(`"level":"ERROR"`))) {
		t.Errorf("the function must log neither a warning nor an error, and logged\n%s", text)
	}
	if !row.unlogged {
		return
	}
	for _, what := range accountSecrets(t, out).In(l.added(t)) {
		t.Errorf("the function's log shows %s", what)
	}
}

func (row pageRow) matches(log []byte) bool {
	if len(row.logged)+len(row.counted) == 0 {
		return true
	}
	counted := map[string]bool{}
	logged := false
	for line := range bytes.Lines(log) {
		metrics := metricsOf(line)
		for _, metric := range metrics {
			counted[metric] = true
		}
		hasAll := !slices.ContainsFunc(row.logged, func(text string) bool { return !bytes.Contains(line, []byte(text)) })
		logged = logged || hasAll && (len(row.counted) == 0 || slices.Contains(metrics, row.counted[0]))
	}
	return logged && !slices.ContainsFunc(row.counted, func(metric string) bool { return !counted[metric] })
}

// metricsOf returns the metrics that CloudWatch extracts of a line with a value above 0.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func metricsOf(line []byte) []string {
	var members map[string]any
	var embedded struct {
		Directive struct {
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name string }
			}
		} `json:"_aws"`
	}
	if json.Unmarshal(line, &members) != nil || json.Unmarshal(line, &embedded) != nil {
		return nil
	}
	var names []string
	for _, set := range embedded.Directive.CloudWatchMetrics {
		for _, metric := range set.Metrics {
			value, isNumber := members[metric.Name].(float64)
			if isNumber && value > 0 && set.Namespace != "" && hasDimensions(members, set.Dimensions) {
				names = append(names, metric.Name)
			}
		}
	}
	return names
}

// hasDimensions reports whether the line has a value of each dimension of at least one set.
func hasDimensions(members map[string]any, sets [][]string) bool {
	return len(sets) > 0 && !slices.ContainsFunc(sets, func(set []string) bool {
		return slices.ContainsFunc(set, func(name string) bool { value, _ := members[name].(string); return value == "" })
	})
}
