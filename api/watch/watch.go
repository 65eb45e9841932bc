// Package watch creates what monitors the API: metrics of log lines (logfilter.go), alarms (alarms.go, burnrates.go,
// copies.go, silence.go) with the topics that they notify (topic.go), and the dashboard of the request path (dashboard.go).
package watch

import (
	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Args are what there is to monitor.
type Args struct {
	component.Builder
	Settings Settings

	// RestAPIName and StageName are API Gateway's.
	RestAPIName, StageName pulumi.StringInput
	// Operations are those of the API with a latency to watch.
	Operations []openapi.Operation
	// Function serves requests.
	Function Function
	// Alarms are those that functions declare.
	Alarms []component.Alarm
	// AccessLog is the name of the log group of API Gateway's access log.
	AccessLog pulumi.StringOutput
	// Authorizer is whether API Gateway has a function check tokens.
	Authorizer bool
	// Firewall are the web ACL's metrics; nil: there is no web ACL.
	Firewall *Firewall

	Database Database
	Cache    Cache
	// Copies are those in another region; nil: there are none.
	Copies *Copies
}

// Settings are the stack's configuration of its monitoring; docs/reference/configuration.md has each key.
type Settings struct {
	Objective                  float64
	SilenceMinutes             int
	AlarmEmails, WarningEmails []string
}

// Function is the function that serves requests.
type Function struct {
	Name, Version pulumi.StringOutput
	// Alias is the name of the alias that API Gateway invokes.
	Alias string
	// Log is the name of its log group.
	Log pulumi.StringOutput
	// Canary is whether a rollout shifts requests to a new version step by step.
	Canary bool
	// Provisioned is whether it has provisioned concurrency.
	Provisioned bool
}

// Firewall are the names of the web ACL and its rate rule in metrics.
type Firewall struct{ WebACL, RateRule string }

// Database is the cluster and, where Proxied, its proxy.
type Database struct {
	Proxied           bool
	ProxyName         pulumi.StringInput
	ClusterIdentifier pulumi.StringInput
	// Readers is the number of instances next to the writer.
	Readers int
	// Pauses is whether the instances pause without connections.
	Pauses bool
}

// Cache is the replication group.
type Cache struct {
	// Members are the names of the nodes, of which there are Nodes.
	Members pulumi.StringArrayInput
	Nodes   int
}

// Watch is what the stack exports of it.
type Watch struct {
	// AlarmTopicARN is notified of customer impact, WarningTopicARN of early warnings.
	AlarmTopicARN, WarningTopicARN pulumi.StringOutput
	// RolloutAlarms are the names of the alarms that roll a rollout back.
	RolloutAlarms pulumi.StringArrayOutput
	DashboardName pulumi.StringOutput
}

// New creates metrics, topics, alarms and the dashboard.
func New(ctx *pulumi.Context, a Args) (Watch, error) {
	alarms, err := newAlarms(ctx, a)
	if err != nil {
		return Watch{}, err
	}
	dashboard, err := newDashboard(ctx, a, alarms)
	if err != nil {
		return Watch{}, err
	}
	return Watch{
		AlarmTopicARN: alarms.topics.pages.Arn, WarningTopicARN: alarms.topics.warnings.Arn,
		RolloutAlarms: alarms.rollback.ToStringArrayOutput(), DashboardName: dashboard,
	}, nil
}
