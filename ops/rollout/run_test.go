package rollout

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/didomi/serverless-api/ops/command"
)

func TestAWrongCommandLineMakesNoCall(t *testing.T) {
	const stack = `{"functionName":"f","functionNames":["f"],"functionVersion":"8","rolloutAlarms":["a"]}`
	for _, c := range []struct{ name, args, stdin, want string }{
		{"no share", "--percent 0", stack, "--percent is 0; must be 1 to 99"},
		{"everything at once", "--percent 100", stack, "--percent is 100; must be 1 to 99"},
		{"no time", "--watch 0s", stack, "--watch is 0s; must be 1s or more"},
		{"an interval that is too short", "--every 1ms", stack, "--every is 1ms; must be 1s or more"},
		{"a negative timeout", "--alarm-timeout -1s", stack, "--alarm-timeout is -1s; must be 0s or more"},
		{"a target without a rollback", "--to 3", stack, "--to requires --rollback"},
		{"a target that is no version", "--rollback --to $LATEST", stack, `--to is "$LATEST"; must be the number of a version`},
		{"reading and rolling back at once", "--serving --rollback", stack, "set one of them"},
		{"an unknown flag", "--fast", stack, "flag provided but not defined"},
		{"no standard input", "", "", "the standard input is not what `pulumi stack output --json` prints"},
		{"a stack that is not up", "", "{}", "deploy it first"},
		{"a stack that is not deployed has no version", "--serving", "{}", ""},
		{"a stack without alarms", "", `{"functionName":"f","functionNames":["f"],"functionVersion":"8"}`, "deploy it first"},
		{"a stack without the names of its functions", "--prune", `{"functionName":"f","functionVersion":"8","rolloutAlarms":["a"]}`, "deploy it first"},
		{"pruning and rolling back at once", "--prune --rollback", stack, "--prune cannot be combined with --serving or --rollback"},
		{"a version to keep without pruning", "--keep 3", stack, "--keep requires --prune"},
		{"a stack that is not deployed has nothing to prune", "--prune", "{}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			io := command.IO{Stdin: strings.NewReader(c.stdin), Stdout: &strings.Builder{}, Stderr: &strings.Builder{}}
			checkError(t, Run(t.Context(), io, strings.Fields(c.args)), c.want)
		})
	}
}

// The pipeline reads the serving version before the update that first exports functionNames.
func TestAStackOfAnOlderProgramCanBeReadAndNotPruned(t *testing.T) {
	older := outputs{FunctionName: "f", FunctionVersion: "8", RolloutAlarms: []string{"a"}}
	checkError(t, older.check(false), "")
	checkError(t, older.check(true), "or functionNames to prune")
}

// alarms is a CloudWatch with these alarms.
type alarms cloudwatch.DescribeAlarmsOutput

func (a alarms) DescribeAlarms(_ context.Context, in *cloudwatch.DescribeAlarmsInput, _ ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error) {
	out := cloudwatch.DescribeAlarmsOutput(a)
	if !slices.Contains(in.AlarmTypes, types.AlarmTypeCompositeAlarm) {
		out.CompositeAlarms = nil
	}
	return &out, nil
}

func TestTheAlarmsInALARMAreReturned(t *testing.T) {
	client := alarms{
		MetricAlarms: []types.MetricAlarm{
			{AlarmName: aws.String("crashes"), StateValue: types.StateValueAlarm},
			{AlarmName: aws.String("new"), StateValue: types.StateValueInsufficientData},
		},
		CompositeAlarms: []types.CompositeAlarm{{AlarmName: aws.String("impact"), StateValue: types.StateValueOk}},
	}
	for _, c := range []struct {
		name, err      string
		names, inAlarm []string
	}{
		{name: "those in ALARM are returned", names: []string{"impact", "crashes", "new"}, inAlarm: []string{"crashes"}},
		{name: "others are not", names: []string{"impact", "new"}},
		{name: "a missing one would never enter ALARM", names: []string{"impact", "renamed"}, err: "there is no alarm renamed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Alarms(client, c.names)(t.Context())
			checkError(t, err, c.err)
			if !slices.Equal(got, c.inAlarm) {
				t.Errorf("%v, want %v", got, c.inAlarm)
			}
		})
	}
}
