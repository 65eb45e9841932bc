package audit

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

// alarms requires every alarm to be able to enter and to leave ALARM, and to notify an operator.
func alarms(g *graph.Graph) report {
	var p report
	composites := g.ByType(types.CompositeAlarm)
	for _, alarm := range g.ByType(types.MetricAlarm) {
		metrics := watchedBy(alarm)
		for _, w := range metrics {
			judgeMetric(g, &p, alarm, w)
		}
		judgeState(&p, alarm)
		want(&p, alarm, len(alarm.Texts("alarmActions")) > 0 || included(g, alarm), "set alarmActions, or name it in a composite alarm", "enters ALARM and notifies no one")
		judgeActions(&p, alarm)
		want(&p, alarm, len(alarm.Texts("okActions")) == 0, "leave okActions to composite alarms",
			"notifies that it is OK when it is created: INSUFFICIENT_DATA to OK is a change like any other")
		for _, w := range metrics {
			p.fact("%s watches the %s of %s in %v seconds; a period without data is %s", alarm.Name, w.statistic, w.metric(), w.period, alarm.Text("treatMissingData"))
		}
	}
	for _, composite := range composites {
		judgeComposite(g, &p, composite)
	}
	return p
}

// judgeState wants an alarm's state to follow its metric, whatever is missing.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func judgeState(p *report, alarm *graph.Resource) {
	const do = "set treatMissingData to breaching or notBreaching"
	switch alarm.Text("treatMissingData") {
	case "breaching", "notBreaching":
	case "ignore":
		p.add(alarm, do, "keeps its state while its metric is silent")
	default:
		p.add(alarm, do, "waits in INSUFFICIENT_DATA while its metric is silent")
	}
	statistic := alarm.Text("extendedStatistic")
	if !isPercentile(statistic) || alarm.Text("evaluateLowSampleCountPercentiles") != "ignore" {
		return
	}
	p.add(alarm, "set evaluateLowSampleCountPercentiles to evaluate",
		"keeps its state while there are under %d samples in its periods of %v seconds, which %s needs", samplesOf(statistic), alarm.Number("period"), statistic)
}

var percentilePattern = regexp.MustCompile(`^p([0-9.]+)$`)

func isPercentile(statistic string) bool { return percentilePattern.MatchString(statistic) }

// samplesOf is how many samples CloudWatch wants for a percentile: 10/(1-p), below the median 10/p.
func samplesOf(statistic string) int {
	percent, err := strconv.ParseFloat(strings.TrimPrefix(statistic, "p"), 64)
	if err != nil {
		return 0
	}
	rest := percent / 100
	if rest >= 0.5 {
		rest = 1 - rest
	}
	if rest <= 0 {
		return math.MaxInt32
	}
	return int(math.Round(10 / rest))
}

func judgeActions(p *report, alarm *graph.Resource) {
	want(p, alarm, alarm.Value("actionsEnabled") != false, "set actionsEnabled to true", "enters ALARM and executes no action")
}

// included reports whether a composite alarm names the other one, by its rule or by what the rule is made of.
func included(g *graph.Graph, alarm *graph.Resource) bool {
	return slices.ContainsFunc(g.ByType(types.CompositeAlarm), func(composite *graph.Resource) bool {
		if rule := composite.Text("alarmRule"); rule != "" && rule != graph.Unknown {
			return slices.Contains(alarmsOf(rule), alarmName(alarm))
		}
		return slices.Contains(composite.PropertyDependencies["alarmRule"], alarm.URN)
	})
}

// alarmName is the name of a metric alarm or a composite one.
func alarmName(alarm *graph.Resource) string {
	return cmp.Or(alarm.Text("name"), alarm.Text("alarmName"))
}

var (
	alarmRef = regexp.MustCompile(`(?:ALARM|OK|INSUFFICIENT_DATA)\s*\(\s*"?([^")]+?)"?\s*\)`)
	// anyOf is a rule that holds as soon as one alarm is in ALARM.
	anyOf = regexp.MustCompile(`^\s*ALARM\("[^"]+"\)(\s+OR\s+ALARM\("[^"]+"\))*\s*$`)
	// allOf is a rule that holds when all alarms are in ALARM.
	allOf = regexp.MustCompile(`^\s*ALARM\("[^"]+"\)(\s+AND\s+ALARM\("[^"]+"\))*\s*$`)
)

func alarmsOf(rule string) []string {
	var names []string
	for _, match := range alarmRef.FindAllStringSubmatch(rule, -1) {
		// By name or by ARN, which ends in the name.
		_, name, isARN := strings.Cut(match[1], ":alarm:")
		if !isARN {
			name = match[1]
		}
		names = append(names, name)
	}
	return names
}

// judgeComposite requires a composite alarm to enter ALARM with each of its alarms, or with all windows of one metric, and
// to notify an operator, itself or through another one.
func judgeComposite(g *graph.Graph, p *report, composite *graph.Resource) {
	want(p, composite, len(composite.Texts("alarmActions")) > 0 || included(g, composite), "set alarmActions, or name it in a composite alarm", "enters ALARM and notifies no one")
	judgeActions(p, composite)
	rule := composite.Text("alarmRule")
	if rule == "" || rule == graph.Unknown {
		return
	}
	var parts []*graph.Resource
	for _, name := range alarmsOf(rule) {
		all := slices.Concat(g.ByType(types.MetricAlarm), g.ByType(types.CompositeAlarm))
		i := slices.IndexFunc(all, func(r *graph.Resource) bool { return alarmName(r) == name })
		want(p, composite, i >= 0, "name alarms of the stack", fmt.Sprintf("waits for the alarm %s, which is not the stack's", name))
		if i >= 0 {
			parts = append(parts, all[i])
		}
	}
	want(p, composite, anyOf.MatchString(rule) || allOf.MatchString(rule) && windows(parts),
		`join ALARM("...") with OR alone, or windows of one metric with AND alone`, "does not enter ALARM with each of its alarms: "+rule)
}

// windows reports whether alarms watch one metric in different periods.
func windows(alarms []*graph.Resource) bool {
	metrics, periods := map[string]bool{}, map[float64]bool{}
	for _, alarm := range alarms {
		for _, w := range watchedBy(alarm) {
			metrics[w.metric()+" "+fmt.Sprint(w.dimensions)] = true
			periods[w.period] = true
		}
	}
	return len(metrics) == 1 && len(periods) == len(alarms)
}
