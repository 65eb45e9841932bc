package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/metrics"
)

// TestAlarms is the part of TestEndToEnd about alarms, on the stack that came up last. The clock of its sandbox must
// be stopped: SANDBOX_CLOCK=stopped make up.
func TestAlarms(t *testing.T) { checkAlarms(t, lastOutputs(t)) }

const (
	// settled is longer than every alarm but those on silence, on burn rates and on copied snapshots looks back.
	settled = 20
	// forgotten is how long a request is in a window of burn rates, the longest, in minutes.
	forgotten = 8*step + settled
	// step is the time between requests while minutes pass: shorter than the alarms on silence wait.
	step = 45
)

// checkAlarms raises each deployed alarm by its cause, and no other, with exactly the messages that people get.
func checkAlarms(t *testing.T, out outputs) {
	t.Helper()
	checkAlarmRows(t)
	w := watch(t, out)
	w.copyDatabase(t)
	w.pass(t, forgotten)
	w.received(t)
	if ringing := w.ringing(t); len(ringing) > 0 {
		t.Fatalf("without a cause, %v are in ALARM", ringing)
	}
	known := map[string]bool{}
	for _, c := range alarmCauses() {
		if !w.deployed(c) {
			continue
		}
		for alarm := range c.alarms {
			known[alarm] = true
		}
		t.Run(out.Stack+": "+c.name, func(t *testing.T) { w.check(t, c) })
	}
	for _, name := range w.names {
		if !known[name] {
			t.Errorf("no cause raises the alarm %s", name)
		}
	}
}

var node = regexp.MustCompile(`\b[1-9]\b`)

// checkAlarmRows checks that the page of metrics has each cause, by the first alarm that it raises.
func checkAlarmRows(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repository(t), "docs", "reference", "metrics-and-logs.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "## What raises each alarm\n")
	table, _, _ = strings.Cut(table, "\n## ")
	page := map[string]string{}
	for line := range strings.Lines(table) {
		if cells := strings.Split(line, "|"); len(cells) == 6 && strings.Contains(cells[1], "`") {
			page[strings.Trim(cells[1], " `")] = strings.TrimSpace(cells[2])
		}
	}
	tested := map[string]string{}
	for _, c := range alarmCauses() {
		tested[node.ReplaceAllString(c.first, "N")] = node.ReplaceAllString(c.name, "N")
	}
	if !maps.Equal(page, tested) {
		t.Errorf("docs/reference/metrics-and-logs.md has the causes\n%v\nand the tests are of\n%v", page, tested)
	}
}

// watched is a deployed stack whose alarms are watched.
type watched struct {
	out    outputs
	layout layout.Layout
	alarms *cloudwatch.Client
	queue  *sqs.Client
	// names are those of the metric alarms by their full name, without prefix and suffix.
	names map[string]string
	// logs are the metrics of the lines of each log that must not be silent.
	logs []types.MetricAlarm
	// queues receive the messages of topics, by name.
	queues map[string]*string
	stack  watchedStack
}

var suffix = regexp.MustCompile(`-[0-9a-f]{7}$`)

// short is the name of an alarm without the stack's prefix and the random suffix.
func (w *watched) short(name string) string {
	return suffix.ReplaceAllString(strings.TrimPrefix(name, "didomi-"+w.out.Stack+"-api-"), "")
}

// watch subscribes a queue to each topic.
func watch(t *testing.T, out outputs) *watched {
	t.Helper()
	l := sandboxLayout(t)
	if report, err := daemon.Ask(t.Context(), l); err != nil || !report.ClockStopped {
		t.Fatalf("this test turns the clock of a sandbox where it is stopped, after SANDBOX_CLOCK=stopped make up: %v", err)
	}
	w := &watched{
		out: out, layout: l, alarms: cloudwatch.NewFromConfig(awsConfig(out)), queue: sqs.NewFromConfig(awsConfig(out)),
		names: map[string]string{}, queues: map[string]*string{}, stack: stackOf(t, out),
	}
	metricAlarms, composites := w.describe(t)
	for _, a := range metricAlarms {
		w.names[*a.AlarmName] = w.short(*a.AlarmName)
		if slices.Contains(silentLogs, w.short(*a.AlarmName)) {
			w.logs = append(w.logs, a)
		}
	}
	for name, arn := range topicsOf(metricAlarms, composites) {
		w.subscribe(t, name, arn)
	}
	return w
}

// topicsOf returns the topics of alarms by a name: pages are those of the alarm on customer impact.
func topicsOf(metricAlarms []types.MetricAlarm, composites []types.CompositeAlarm) map[string]string {
	topics := map[string]string{}
	for _, a := range composites {
		if strings.HasSuffix(*a.AlarmName, "-customer-impact") {
			topics["pages"] = a.AlarmActions[0]
		}
	}
	for _, a := range metricAlarms {
		for _, action := range a.AlarmActions {
			topics["warnings"] = action
		}
	}
	return topics
}

func (w *watched) subscribe(t *testing.T, name, topic string) {
	t.Helper()
	queue := "e2e-" + w.out.Stack + "-" + name
	arn := "arn:aws:sqs:" + w.out.Region + ":" + layout.Account + ":" + queue
	created, err := w.queue.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &queue, Attributes: map[string]string{
		"Policy": `{"Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + arn + `"}]}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	w.queues[name] = created.QueueUrl
	topics := sns.NewFromConfig(awsConfig(w.out))
	subscribed, err := topics.Subscribe(t.Context(), &sns.SubscribeInput{
		TopicArn: &topic, Protocol: aws.String("sqs"),
		Endpoint: &arn,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		// The test's own context has ended.
		_, err := topics.Unsubscribe(context.Background(), &sns.UnsubscribeInput{SubscriptionArn: subscribed.SubscriptionArn})
		_, deleteErr := w.queue.DeleteQueue(context.Background(), &sqs.DeleteQueueInput{QueueUrl: created.QueueUrl})
		if err := errors.Join(err, deleteErr); err != nil {
			t.Error(err)
		}
	})
}

// describe returns the stack's alarms.
func (w *watched) describe(t *testing.T) ([]types.MetricAlarm, []types.CompositeAlarm) {
	t.Helper()
	found, err := w.alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{
		AlarmNamePrefix: aws.String("didomi-" + w.out.Stack + "-api-"), MaxRecords: aws.Int32(100),
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
	})
	if err != nil {
		t.Fatal(err)
	}
	return found.MetricAlarms, found.CompositeAlarms
}

// ringing lists the alarms in ALARM, sorted.
func (w *watched) ringing(t *testing.T) []string {
	t.Helper()
	list := []string{}
	metricAlarms, composites := w.describe(t)
	for _, a := range metricAlarms {
		if a.StateValue == types.StateValueAlarm {
			list = append(list, w.short(*a.AlarmName))
		}
	}
	for _, a := range composites {
		if a.StateValue == types.StateValueAlarm {
			list = append(list, w.short(*a.AlarmName))
		}
	}
	slices.Sort(list)
	return list
}

// turn turns the clock by minutes.
func (w *watched) turn(t *testing.T, minutes int) {
	t.Helper()
	if err := daemon.TurnClock(t.Context(), w.layout, time.Duration(minutes)*time.Minute); err != nil {
		t.Fatal(err)
	}
}

// healthy is a request that the function serves without a dependency.
const healthy = "/openapi.json"

// pass turns the clock by minutes, while a request succeeds now and then.
func (w *watched) pass(t *testing.T, minutes int) {
	t.Helper()
	for ; minutes > 0; minutes -= step {
		before := w.lines(t)
		expect(t, w.out, http.MethodGet, healthy, "", http.StatusOK)
		w.awaitLines(t, before)
		w.turn(t, min(step, minutes))
	}
}

// awaitLines waits until the lines of a request are in each log: they follow its response, and would otherwise have the
// time to which the clock is turned next.
func (w *watched) awaitLines(t *testing.T, before []float64) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
	defer stop()
	last := before
	waitFor(ctx, t, "the lines of a request in each log", func() bool {
		now := w.lines(t)
		complete := slices.Equal(now, last)
		for i := range now {
			complete = complete && now[i] > before[i]
		}
		last = now
		return complete
	})
}

// lines counts the recent lines of each log.
func (w *watched) lines(t *testing.T) []float64 {
	t.Helper()
	report, err := daemon.Ask(t.Context(), w.layout)
	if err != nil {
		t.Fatal(err)
	}
	start, end := report.Clock.Add(-time.Hour), report.Clock.Add(time.Hour)
	counts := make([]float64, len(w.logs))
	for i, a := range w.logs {
		got, err := w.alarms.GetMetricStatistics(t.Context(), &cloudwatch.GetMetricStatisticsInput{
			Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions, Statistics: []types.Statistic{types.StatisticSum},
			StartTime: &start, EndTime: &end, Period: aws.Int32(60),
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, point := range got.Datapoints {
			counts[i] += *point.Sum
		}
	}
	return counts
}

// settle lets a cause be over: no alarm looks back to it.
func (w *watched) settle(t *testing.T, c alarmCause) {
	t.Helper()
	if c.remembered() {
		w.pass(t, forgotten)
		return
	}
	w.pass(t, settled)
}

// put stores values of a metric that the sandbox does not measure.
func (w *watched) put(t *testing.T, m metrics.Metric, values ...float64) {
	t.Helper()
	var data []metrics.Datum
	for _, value := range values {
		data = append(data, metrics.Datum{Metric: m, Value: value})
	}
	w.store(t, data...)
}

func (w *watched) store(t *testing.T, data ...metrics.Datum) {
	t.Helper()
	if err := daemon.PutMetrics(t.Context(), w.layout, data); err != nil {
		t.Fatal(err)
	}
}

// received returns the messages since the last call, sorted: topic, alarm and its new state.
func (w *watched) received(t *testing.T) []string {
	t.Helper()
	list := []string{}
	for name, queue := range w.queues {
		for {
			got, err := w.queue.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: queue, MaxNumberOfMessages: 10})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.Messages) == 0 {
				break
			}
			for _, m := range got.Messages {
				list = append(list, name+": "+w.message(t, *m.Body))
				if _, err := w.queue.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: queue, ReceiptHandle: m.ReceiptHandle}); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	slices.Sort(list)
	return list
}

func (w *watched) message(t *testing.T, body string) string {
	t.Helper()
	var notification struct{ Message string }
	var change struct{ AlarmName, NewStateValue, NewStateReason string }
	if err := json.Unmarshal([]byte(body), &notification); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	if err := json.Unmarshal([]byte(notification.Message), &change); err != nil || change.NewStateReason == "" {
		t.Fatalf("%v in %s", err, notification.Message)
	}
	return w.short(change.AlarmName) + " " + change.NewStateValue
}

// check lets a cause last until its last alarm, and ends it.
func (w *watched) check(t *testing.T, c alarmCause) {
	planted := w.plant(t, c)
	end := sync.OnceFunc(func() {
		if c.end != nil {
			c.end(t, w)
		}
	})
	defer func() {
		end()
		if t.Failed() { // the next cause begins without alarms
			w.pass(t, forgotten)
			w.received(t)
		}
	}()
	w.copyDatabase(t)
	if c.begin != nil {
		c.begin(t, w)
	}
	for minute := 1; minute <= c.last(); minute++ {
		if c.minute != nil {
			c.minute(t, w)
		}
		w.turn(t, 1)
		if got, want := w.ringing(t), c.ringing(minute); !slices.Equal(got, want) {
			t.Fatalf("after %d minutes %v are in ALARM, want %v", minute, got, want)
		}
	}
	w.checkPlanted(t, planted)
	if got, want := w.received(t), c.messages(); !slices.Equal(got, want) {
		t.Errorf("the messages are %v, want %v", got, want)
	}
	end()
	w.settle(t, c)
	if got := w.ringing(t); len(got) != 0 {
		t.Errorf("after its end %v are in ALARM", got)
	}
	want := []string{}
	if c.pages() {
		want = append(want, "pages: customer-impact OK")
	}
	if got := w.received(t); !slices.Equal(got, want) {
		t.Errorf("the messages after its end are %v, want %v", got, want)
	}
}

// plant creates copies of a cause's first alarm, each with one mistake. None of them has actions.
func (w *watched) plant(t *testing.T, c alarmCause) []string {
	t.Helper()
	metricAlarms, _ := w.describe(t)
	i := slices.IndexFunc(metricAlarms, func(a types.MetricAlarm) bool { return w.short(*a.AlarmName) == c.first })
	if i < 0 {
		t.Fatalf("no alarm %s", c.first)
	}
	if metricAlarms[i].ComparisonOperator == types.ComparisonOperatorLessThanThreshold {
		return nil // on silence: with a mistake it is in ALARM without a cause
	}
	var names []string
	for mistake, make := range mistakes {
		put := asDeployed(metricAlarms[i])
		put.AlarmName = aws.String("e2e-" + w.out.Stack + "-" + mistake)
		if !make(put, c) {
			continue
		}
		if _, err := w.alarms.PutMetricAlarm(t.Context(), put); err != nil {
			t.Fatalf("%s: %v", mistake, err)
		}
		names = append(names, *put.AlarmName)
	}
	t.Cleanup(func() {
		if _, err := w.alarms.DeleteAlarms(context.Background(), &cloudwatch.DeleteAlarmsInput{AlarmNames: names}); err != nil {
			t.Error(err)
		}
	})
	return names
}

func asDeployed(a types.MetricAlarm) *cloudwatch.PutMetricAlarmInput {
	return &cloudwatch.PutMetricAlarmInput{
		Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions, Unit: a.Unit, Statistic: a.Statistic, ExtendedStatistic: a.ExtendedStatistic,
		EvaluateLowSampleCountPercentile: a.EvaluateLowSampleCountPercentile, Period: a.Period, EvaluationPeriods: a.EvaluationPeriods, Metrics: a.Metrics,
		DatapointsToAlarm: a.DatapointsToAlarm, ComparisonOperator: a.ComparisonOperator, Threshold: a.Threshold, TreatMissingData: aws.String("notBreaching"),
	}
}

// mistakes change an alarm; false: this alarm cannot have the mistake, or the cause does not show it.
var mistakes = map[string]func(*cloudwatch.PutMetricAlarmInput, alarmCause) bool{
	"dimension": func(a *cloudwatch.PutMetricAlarmInput, _ alarmCause) bool {
		further := types.Dimension{Name: aws.String("Further"), Value: aws.String("one")}
		return eachMetric(a, func(m *types.MetricStat) { m.Metric.Dimensions = append(slices.Clone(m.Metric.Dimensions), further) })
	},
	"metric": func(a *cloudwatch.PutMetricAlarmInput, _ alarmCause) bool {
		return eachMetric(a, func(m *types.MetricStat) { m.Metric.MetricName = aws.String(*m.Metric.MetricName + "s") })
	},
	"unit": func(a *cloudwatch.PutMetricAlarmInput, _ alarmCause) bool {
		return eachMetric(a, func(m *types.MetricStat) { m.Unit = types.StandardUnitTerabits })
	},
	"threshold": func(a *cloudwatch.PutMetricAlarmInput, _ alarmCause) bool {
		a.Threshold = aws.Float64((*a.Threshold + 1) * 1000)
		return a.ComparisonOperator == types.ComparisonOperatorGreaterThanThreshold
	},
	"statistic": func(a *cloudwatch.PutMetricAlarmInput, c alarmCause) bool {
		a.ExtendedStatistic, a.EvaluateLowSampleCountPercentile = nil, nil
		return eachMetric(a, func(m *types.MetricStat) { m.Stat = &c.mistaken }) && c.mistaken != ""
	},
}

// eachMetric changes the metric of an alarm, or those of its queries.
func eachMetric(a *cloudwatch.PutMetricAlarmInput, change func(*types.MetricStat)) bool {
	for i, query := range a.Metrics {
		if query.MetricStat != nil {
			stat, metric := *query.MetricStat, *query.MetricStat.Metric
			stat.Metric = &metric
			change(&stat)
			a.Metrics = slices.Clone(a.Metrics)
			a.Metrics[i].MetricStat = &stat
		}
	}
	if len(a.Metrics) > 0 {
		return true
	}
	metric := types.Metric{Namespace: a.Namespace, MetricName: a.MetricName, Dimensions: a.Dimensions}
	stat := types.MetricStat{Metric: &metric, Unit: a.Unit, Stat: aws.String(string(a.Statistic))}
	change(&stat)
	a.MetricName, a.Dimensions, a.Unit, a.Statistic = metric.MetricName, metric.Dimensions, stat.Unit, types.Statistic(*stat.Stat)
	return true
}

// checkPlanted checks that none of the mistaken alarms is in ALARM with the one that they are copies of.
func (w *watched) checkPlanted(t *testing.T, names []string) {
	t.Helper()
	if len(names) == 0 {
		return
	}
	found, err := w.alarms.DescribeAlarms(t.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: names})
	if err != nil || len(found.MetricAlarms) != len(names) {
		t.Fatalf("%v, %v", found, err)
	}
	for _, a := range found.MetricAlarms {
		if a.StateValue != types.StateValueOk {
			t.Errorf("this cause does not show the mistake: %s is %s", *a.AlarmName, a.StateValue)
		}
	}
}
