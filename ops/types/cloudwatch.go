package types

// Types of CloudWatch and its logs.
const (
	CompositeAlarm  = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
	Dashboard       = "aws:cloudwatch/dashboard:Dashboard"
	LogGroup        = "aws:cloudwatch/logGroup:LogGroup"
	LogMetricFilter = "aws:cloudwatch/logMetricFilter:LogMetricFilter"
	MetricAlarm     = "aws:cloudwatch/metricAlarm:MetricAlarm"
)

// watching is the part of the estimate with logs and alarms.
const watching = "logs and alarms"

var cloudWatchTypes = []Type{
	{
		Token: MetricAlarm, Name: generated("name", 255, anyText), Replacement: newName,
		Cost: monthly(watching, "alarms", "alarm.month"), Label: Label{Several: "alarms"},
	},
	{
		Token: Dashboard, Name: fixed("dashboardName", 255, wordDash), Replacement: oldGoes,
		Cost: monthly(watching, "dashboards", "dashboard.month"), Label: Label{Several: "dashboards"},
	},
	{
		Token: CompositeAlarm, Name: fixed("alarmName", 255, anyText), Cost: monthly(watching, "composite alarms", "compositeAlarm.month"),
		Replacement: onlyOne("its name is fixed, and it is replaced once its actions were disabled by hand (actions_enabled forces a new one)"),
	},
	{
		Token: LogMetricFilter, Name: generated("name", 512, `^[^:*]+$`).within("a log group"), Replacement: newName,
		Cost: monthly(watching, "custom metrics", "metric.month"),
	},
	{
		Token: LogGroup, Name: generated("name", 512, `^[.\-_/#A-Za-z0-9]+$`), Replacement: oldGoes, Cost: modelled,
		HoldsData: true, KeyAtRest: "kmsKeyId",
	},
	{
		Token: "aws:cloudwatch/logResourcePolicy:LogResourcePolicy", Name: fixed("policyName", 255, `^[^:*/]+$`),
		Replacement: otherTarget, Cost: free, Policy: "policyDocument",
	},
}
