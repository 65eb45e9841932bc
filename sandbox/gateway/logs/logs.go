// Package logs corrects CloudWatch Logs.
package logs

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// Event is one line of a log.
type Event struct {
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
	Message   string `json:"message"`
}

// Target precedes an operation in X-Amz-Target.
const Target = "Logs_20140328."

// Put adds lines to a stream of a log group, which it makes when it is
// missing. On AWS Lambda does so in the name of the function's role, here the
// administrator does.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func Put(ctx context.Context, client *emulator.Client, group, stream string, events []Event) error {
	names := map[string]any{"logGroupName": group, "logStreamName": stream}
	err := client.Target(ctx, "logs", Target+"CreateLogStream", names, nil)
	if err != nil && !strings.Contains(err.Error(), "ResourceAlreadyExistsException") {
		return fmt.Errorf("make the stream %s of %s: %w", stream, group, err)
	}
	names["logEvents"] = events
	if err := client.Target(ctx, "logs", Target+"PutLogEvents", names, nil); err != nil {
		return fmt.Errorf("log to %s of %s: %w", stream, group, err)
	}
	return nil
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	"CreateLogGroup":  call.BoundOf("InvalidParameterException", "logGroupName", 512, logName),
	"PutMetricFilter": call.BoundOf("InvalidParameterException", "filterName", 512, regexp.MustCompile(`^[^:*]+$`)),
}

var logName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)

// service is CloudWatch Logs as the gateway corrects it.
type service struct {
	*call.Account
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a}).calls()
}

func (s *service) calls() call.Service {
	return call.Service{Name: "logs", Target: Target, Bounds: bounds}
}
