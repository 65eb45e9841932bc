package watch

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const (
	// LeastSilence is longer than Lambda takes to publish the metrics of an invocation.
	LeastSilence = 15
	// logSilence is how much longer the logs may be silent than the function: the alarms on them must be
	// the later ones.
	logSilence = 15
	// HighestSilence leaves time for logSilence: an alarm looks back a day at the most.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	HighestSilence = 24*60 - logSilence
)

// noRequests is the alarm on a function without invocations.
const noRequests = "no-requests"

// silenceAlarms are on what must not be silent: the function, and its log and the access log. Lambda, API
// Gateway and CloudWatch Logs publish no zeros, so a minute without data breaches.
func (a Args) silenceAlarms() []alarmSpec {
	minutes := a.Settings.SilenceMinutes
	log := minutes + logSilence
	return []alarmSpec{
		{
			name: noRequests, metric: a.function("Invocations", "Sum"), threshold: 1, below: true, silent: true, needed: minutes, of: minutes,
			description: "No request reaches the function. Send a request from outside, then look at the host name, the certificate, the web ACL and the keys.",
		},
		{
			name: "no-access-log", metric: a.logEvents(a.AccessLog), threshold: 1, below: true, silent: true, needed: log, of: log,
			description: "API Gateway writes no access log. It counts only while there are requests: see logs-are-silent.",
		},
		{
			name: "no-function-log", metric: a.logEvents(a.Function.Log), threshold: 1, below: true, silent: true, needed: log, of: log,
			description: "The function writes no log. It counts only while there are requests: see logs-are-silent.",
		},
	}
}

// newSilenceAlarms creates the alarms on silence, if the stack configures them, and returns their ARNs. The two
// on logs act through a composite alarm.
func newSilenceAlarms(ctx *pulumi.Context, a Args, warnings pulumi.StringOutput) (pulumi.StringArray, error) {
	if a.Settings.SilenceMinutes == 0 {
		return nil, nil
	}
	var all pulumi.StringArray
	created := map[string]pulumi.StringOutput{}
	for _, spec := range a.silenceAlarms() {
		var actions pulumi.Array
		if spec.name == noRequests {
			actions = pulumi.Array{warnings}
		}
		alarm, err := newMetricAlarm(ctx, a, spec, actions)
		if err != nil {
			return nil, err
		}
		all, created[spec.name] = append(all, alarm.Arn), alarm.Name
	}
	// Without requests there are no lines to write. The log's metrics come minutes later than the
	// function's, at the end of a silence too.
	logs, err := cloudwatch.NewCompositeAlarm(ctx, a.Name+"-logs", &cloudwatch.CompositeAlarmArgs{
		AlarmName:        pulumi.String(a.Name + "-logs-are-silent"),
		AlarmDescription: pulumi.String("Requests arrive, and a log stays empty: error-lines, stale, throttled-requests and waf-blocked count nothing. Look at the role of API Gateway, the function's role and the key of the logs."),
		AlarmRule:        pulumi.Sprintf("ALARM(%q) OR ALARM(%q)", created["no-access-log"], created["no-function-log"]),
		ActionsEnabled:   pulumi.Bool(true),
		AlarmActions:     pulumi.StringArray{warnings},
		ActionsSuppressor: &cloudwatch.CompositeAlarmActionsSuppressorArgs{
			Alarm:           created[noRequests],
			WaitPeriod:      pulumi.Int(60),
			ExtensionPeriod: pulumi.Int(10 * 60),
		},
	}, a.Parent, replacedByName())
	if err != nil {
		return nil, fmt.Errorf("api: alarm on silent logs: %w", err)
	}
	return append(all, logs.Arn), nil
}
