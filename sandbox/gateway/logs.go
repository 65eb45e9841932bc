package gateway

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// LogEvent is one line of a log.
type LogEvent struct {
	Timestamp int64  `json:"timestamp"` // milliseconds since 1970
	Message   string `json:"message"`
}

const logsTarget = "Logs_20140328."

// PutLogs adds lines to a stream of a log group, which it makes when it is
// missing. On AWS Lambda does so in the name of the function's role, here the
// administrator does.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func (g *Gateway) PutLogs(ctx context.Context, group, stream string, events []LogEvent) error {
	names := map[string]any{"logGroupName": group, "logStreamName": stream}
	err := g.admin.target(ctx, "logs", logsTarget+"CreateLogStream", names, nil)
	if err != nil && !strings.Contains(err.Error(), "ResourceAlreadyExistsException") {
		return fmt.Errorf("make the stream %s of %s: %w", stream, group, err)
	}
	names["logEvents"] = events
	if err := g.admin.target(ctx, "logs", logsTarget+"PutLogEvents", names, nil); err != nil {
		return fmt.Errorf("log to %s of %s: %w", stream, group, err)
	}
	return nil
}

// logsBounds are those of the calls that give something its physical name, of the API reference.
var logsBounds = map[string]boundedCall{
	"CreateLogGroup":  boundOf("InvalidParameterException", "logGroupName", 512, logName),
	"PutMetricFilter": boundOf("InvalidParameterException", "filterName", 512, regexp.MustCompile(`^[^:*]+$`)),
}

var logName = regexp.MustCompile(`^[.\-_/#A-Za-z0-9]+$`)

func (g *Gateway) logsCalls() service {
	return service{name: "logs", target: logsTarget, bounds: logsBounds}
}
