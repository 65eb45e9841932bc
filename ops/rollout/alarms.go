package rollout

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// CloudWatch are the calls of CloudWatch that a rollout makes; *cloudwatch.Client has them.
type CloudWatch interface {
	DescribeAlarms(context.Context, *cloudwatch.DescribeAlarmsInput, ...func(*cloudwatch.Options)) (*cloudwatch.DescribeAlarmsOutput, error)
}

// Alarms returns a function that reads metric and composite alarms by name, and returns the names of those in
// ALARM. A missing alarm is an error, since it would never enter ALARM.
func Alarms(client CloudWatch, names []string) func(context.Context) ([]string, error) {
	return func(ctx context.Context) ([]string, error) {
		found, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{
			AlarmNames: names,
			AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm},
		})
		if err != nil {
			return nil, fmt.Errorf("read the alarms: %w", err)
		}
		states := map[string]types.StateValue{}
		for _, a := range found.MetricAlarms {
			states[*a.AlarmName] = a.StateValue
		}
		for _, a := range found.CompositeAlarms {
			states[*a.AlarmName] = a.StateValue
		}
		missing := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return states[name] != "" })
		if len(missing) > 0 {
			return nil, fmt.Errorf("there is no alarm %s", strings.Join(missing, ", "))
		}
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return states[name] != types.StateValueAlarm }), nil
	}
}
