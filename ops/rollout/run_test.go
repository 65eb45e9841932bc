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

func TestACommandThatIsCalledWronglyTalksToNobody(t *testing.T) {
	const stack = `{"functionName":"f","functionNames":["f"],"functionVersion":"8","rolloutAlarms":["a"]}`
	for _, c := range []struct{ name, args, stdin, want string }{
		{"no share", "--percent 0", stack, "--percent is 0; want 1 to 99"},
		{"everything at once", "--percent 100", stack, "--percent is 100; want 1 to 99"},
		{"no time", "--watch 0s", stack, "--watch is 0s; want 1s or more"},
		{"looking all the time", "--every 1ms", stack, "--every is 1ms; want 1s or more"},
		{"waiting for less than nothing", "--settle -1s", stack, "--settle is -1s; want 0s or more"},
		{"a version to go forward to", "--to 3", stack, "--to goes with --back"},
		{"looking and going back at once", "--serving --back", stack, "give one of them"},
		{"an unknown flag", "--fast", stack, "flag provided but not defined"},
		{"nothing to read", "", "", "the standard input is not what `pulumi stack output --json` prints"},
		{"a stack that is not up", "", "{}", "bring it up first"},
		{"the version of a stack that is not up is none", "--serving", "{}", ""},
		{"a stack without alarms", "", `{"functionName":"f","functionNames":["f"],"functionVersion":"8"}`, "bring it up first"},
		{"a stack without the names of its functions", "--prune", `{"functionName":"f","functionVersion":"8","rolloutAlarms":["a"]}`, "bring it up first"},
		{"pruning and going back at once", "--prune --back", stack, "leave --serving and --back out"},
		{"a version to keep without pruning", "--keep 3", stack, "--keep goes with --prune"},
		{"a stack that is not up has nothing to prune", "--prune", "{}", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			io := command.IO{Stdin: strings.NewReader(c.stdin), Stdout: &strings.Builder{}, Stderr: &strings.Builder{}}
			checkError(t, Run(t.Context(), io, strings.Fields(c.args)), c.want)
		})
	}
}

// The pipeline asks for the serving version before the update that first exports functionNames.
func TestAStackOfAnOlderProgramServesAndHasNothingToPruneBy(t *testing.T) {
	older := outputs{FunctionName: "f", FunctionVersion: "8", RolloutAlarms: []string{"a"}}
	checkError(t, older.check(false), "")
	checkError(t, older.check(true), "no functionNames to prune")
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

func TestAlarms(t *testing.T) {
	client := alarms{
		MetricAlarms: []types.MetricAlarm{
			{AlarmName: aws.String("crashes"), StateValue: types.StateValueAlarm},
			{AlarmName: aws.String("new"), StateValue: types.StateValueInsufficientData},
		},
		CompositeAlarms: []types.CompositeAlarm{{AlarmName: aws.String("hurt"), StateValue: types.StateValueOk}},
	}
	for _, c := range []struct {
		name, err      string
		names, ringing []string
	}{
		{name: "those that have gone off are named", names: []string{"hurt", "crashes", "new"}, ringing: []string{"crashes"}},
		{name: "quiet ones are not", names: []string{"hurt", "new"}},
		{name: "one that is not there would never go off", names: []string{"hurt", "renamed"}, err: "there is no alarm renamed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := Alarms(client, c.names)(t.Context())
			checkError(t, err, c.err)
			if !slices.Equal(got, c.ringing) {
				t.Errorf("%v, want %v", got, c.ringing)
			}
		})
	}
}
