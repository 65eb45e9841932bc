package watch

import (
	"testing"

	"github.com/didomi/serverless-api/api/internal/component"
	"github.com/didomi/serverless-api/api/internal/component/componenttest"
	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

const testName = componenttest.Name

func output(text string) pulumi.StringOutput { return pulumi.String(text).ToStringOutput() }

// declared is an alarm as a function declares it.
func declared(name, function string) component.Alarm {
	return component.Alarm{
		Name: name, Namespace: "AWS/Lambda", Metric: "Errors", Stat: "Sum", Dimensions: pulumi.StringMap{"FunctionName": pulumi.String(testName + "-" + function)},
		Minutes: 1, Of: 1, Description: "It failed. Look at the log.",
	}
}

// full are the arguments of a stack that has everything.
func full() Args {
	return Args{
		Settings:    Settings{Objective: 99.9, SilenceMinutes: 60, AlarmEmails: []string{"ops@example.com"}, WarningEmails: []string{"team@example.com"}},
		RestAPIName: pulumi.String(testName + "-rest"), StageName: pulumi.String("test"),
		Operations: []openapi.Operation{
			{ID: "readBook", Method: "GET", Path: "/books/{id}", LatencyMS: 500},
			{ID: "writeBook", Method: "PUT", Path: "/books/{id}", LatencyMS: 2500},
		},
		Function: Function{
			Name: output(testName + "-function"), Version: output("7"), Alias: "live", Log: output(testName + "-function-log-1a2b3c4"),
			Canary: true, Provisioned: true,
		},
		Authorizer: true,
		Alarms:     []component.Alarm{declared("rotation", "rotate"), declared("cache-rotation", "cache-user")},
		AccessLog:  output(testName + "-access-log-1a2b3c4"),
		Firewall:   &Firewall{WebACL: testName + "-waf", RateRule: "rate"},
		Database:   Database{Proxied: true, ProxyName: pulumi.String("proxy"), ClusterIdentifier: pulumi.String("cluster"), Readers: 1},
		Cache: Cache{
			// A group from which a shard was removed before another one was added.
			Members: pulumi.ToStringArray([]string{"cache-0003-002", "cache-0001-001", "cache-0001-002", "cache-0003-001"}), Nodes: 4,
		},
		Copies: &Copies{SourceBucket: pulumi.String("files"), Bucket: pulumi.String("copies"), RuleID: pulumi.String("rule"), Vault: pulumi.String("vault")},
	}
}

// build runs the package under mocks.
func build(t *testing.T, args Args) *mocks.Recorder {
	t.Helper()
	return componenttest.Build(t, func(ctx *pulumi.Context, b component.Builder) error {
		args.Builder = b
		_, err := New(ctx, args)
		return err
	})
}
