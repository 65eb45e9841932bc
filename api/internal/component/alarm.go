package component

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// Alarm is a cause or an early warning that a function declares; api/watch creates the alarm, which notifies the topic of
// warnings. It enters ALARM when the metric is above Threshold in Minutes of the last Of minutes. A minute without data is OK.
type Alarm struct {
	// Name follows the component's. docs/how-to/runbook.md has a section of this name.
	Name                    string
	Namespace, Metric, Stat string
	Dimensions              pulumi.StringMap
	Threshold               float64
	Minutes, Of             int
	// Description says what happens and where to look first.
	Description string
}
