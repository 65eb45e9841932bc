package watch

import (
	"strings"
	"testing"
)

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func TestTwoDaysWithoutACopyOfTheDatabaseAreReported(t *testing.T) {
	in := build(t, full()).Find(t, "aws:cloudwatch/metricAlarm:MetricAlarm", testName+"-copies-database").Inputs
	period, needed, of := in["period"].(float64), in["datapointsToAlarm"].(float64), in["evaluationPeriods"].(float64)
	if period != 3600 || needed != of || period*of != 2*24*3600 {
		t.Errorf("%v of %v periods of %v seconds, want two days of hours: with shorter periods CloudWatch evaluates one day at most", needed, of, period)
	}
}

func TestAStackWithoutCopiesHasNoAlarmsOnThem(t *testing.T) {
	args := full()
	args.Copies = nil
	for _, alarm := range build(t, args).OfType("aws:cloudwatch/metricAlarm:MetricAlarm") {
		if strings.HasPrefix(alarm.Name, testName+"-copies-") {
			t.Errorf("there is %s", alarm.Name)
		}
	}
}
