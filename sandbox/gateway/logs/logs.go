// Package logs corrects the emulator's CloudWatch Logs API.
package logs

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// Event is a log event.
type Event struct {
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
	Message   string `json:"message"`
}

// Target is the prefix of the operation in X-Amz-Target.
const Target = "Logs_20140328."

// Put writes events to a log stream, which it creates if it does not exist. On
// AWS Lambda does so with the function's role, here the administrator does.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func Put(ctx context.Context, client *emulator.Client, group, stream string, events []Event) error {
	names := map[string]any{"logGroupName": group, "logStreamName": stream}
	err := client.Target(ctx, "logs", Target+"CreateLogStream", names, nil)
	if err != nil && !strings.Contains(err.Error(), "ResourceAlreadyExistsException") {
		return fmt.Errorf("create the log stream %s of %s: %w", stream, group, err)
	}
	names["logEvents"] = events
	if err := client.Target(ctx, "logs", Target+"PutLogEvents", names, nil); err != nil {
		return fmt.Errorf("write to the log stream %s of %s: %w", stream, group, err)
	}
	return nil
}

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	"CreateLogGroup":  call.BoundOf("InvalidParameterException", "logGroupName", 512, logName),
	"PutMetricFilter": call.BoundOf("InvalidParameterException", "filterName", 512, regexp.MustCompile(`^[^:*]+$`)),
}

var logName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)

// New returns the corrected calls of CloudWatch Logs. written is called with the events that a caller has written.
func New(written func(group string, events []Event)) call.Service {
	return call.Service{
		Name: "logs", Target: Target, Bounds: bounds,
		Operations: map[string]call.Handler{"PutLogEvents": call.WithBody(call.After(func(x *call.Exchange) error {
			var put struct {
				LogGroupName string
				LogEvents    []Event
			}
			if err := x.DecodeRequest(&put); err != nil {
				return err
			}
			written(put.LogGroupName, put.LogEvents)
			return nil
		}))},
	}
}
