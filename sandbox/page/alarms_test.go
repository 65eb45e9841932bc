package page

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestAlarmsAreListedWithThoseInALARMFirst(t *testing.T) {
	fake := &fakeCloudWatch{alarms: cloudwatch.DescribeAlarmsOutput{
		CompositeAlarms: []types.CompositeAlarm{{AlarmName: aws.String("customer-impact"), StateValue: types.StateValueOk, AlarmRule: aws.String(`ALARM("5xx")`)}},
		MetricAlarms: []types.MetricAlarm{
			{
				AlarmName: aws.String("new"), StateValue: types.StateValueInsufficientData, EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(14.4), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
				Metrics: []types.MetricDataQuery{{Id: aws.String("m"), ReturnData: aws.Bool(false)}, {Id: aws.String("e"), Expression: aws.String("m/60")}},
			},
			{
				AlarmName: aws.String("5xx"), StateValue: types.StateValueAlarm, StateReason: aws.String("Threshold Crossed"), Namespace: aws.String("AWS/ApiGateway"), MetricName: aws.String("5XXError"),
				Dimensions: []types.Dimension{{Name: aws.String("Stage"), Value: aws.String("dev")}}, Statistic: types.StatisticSum, Period: aws.Int32(60),
				EvaluationPeriods: aws.Int32(5), DatapointsToAlarm: aws.Int32(3), Threshold: aws.Float64(0), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			},
		},
	}}
	all := read[[]alarm](t, showing(t, fake), "/data/stacks/dev/alarms")
	if *fake.described.AlarmNamePrefix != "didomi-dev-api-" {
		t.Errorf("the alarms of %s are described", *fake.described.AlarmNamePrefix)
	}
	var got []string
	for _, a := range all {
		got = append(got, a.Name+" "+a.State+" "+a.Reason+": "+a.Condition)
	}
	want := "5xx ALARM Threshold Crossed: Sum of AWS/ApiGateway 5XXError Stage=dev GreaterThanThreshold 0 in 3 of 5 periods of 1m0s\n" +
		"new INSUFFICIENT_DATA : m/60 GreaterThanThreshold 14.4 in 1 of 1 periods\n" +
		`customer-impact OK : ALARM("5xx")`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}

func TestTheHistoryOfAnAlarm(t *testing.T) {
	fake := &fakeCloudWatch{history: cloudwatch.DescribeAlarmHistoryOutput{AlarmHistoryItems: []types.AlarmHistoryItem{{Timestamp: &now, HistorySummary: aws.String("Alarm updated from OK to ALARM")}}}}
	got := read[[]change](t, showing(t, fake), "/data/stacks/dev/alarms/didomi-dev-api-5xx-1a2b3c4")
	if len(got) != 1 || !got[0].Time.Equal(now) || got[0].Summary != "Alarm updated from OK to ALARM" {
		t.Errorf("got %+v", got)
	}
}
