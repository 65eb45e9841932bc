package logs

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/graph"
	opstypes "github.com/didomi/serverless-api/ops/types"
)

// requestID is the form of the ids that API Gateway, Lambda and clients give a request: extended ids have further
// characters, and none can end the quotes of a filter pattern.
var requestID = regexp.MustCompile(`^[A-Za-z0-9_=+/-]{8,64}$`)

// accessLog is API Gateway's log with one line for each request.
const accessLog = "access"

// ofRequests are the logs that can have lines of a request; every other one is of a function that no request invokes.
var ofRequests = []string{accessLog, "execution", "waf", "function", "authorizer"}

// group is a log group by the word that its logical name has: <project>-<stack>-api-<log>-log.
type group struct{ log, name string }

// groups are the log groups of the component api.
func groups(g *graph.Graph) ([]group, error) {
	var all []group
	for _, r := range g.ByType(opstypes.LogGroup) {
		rest, own := strings.CutPrefix(r.Name, g.Project+"-"+g.Stack+"-api-")
		if log, is := strings.CutSuffix(rest, "-log"); own && is && r.ID != "" {
			all = append(all, group{log, r.ID})
		}
	}
	if !slices.ContainsFunc(all, func(g group) bool { return g.log == accessLog }) {
		return nil, errors.New("the stack has no access log: its component api is not deployed")
	}
	return all, nil
}

// API are the calls of CloudWatch Logs that the command makes; *cloudwatchlogs.Client has them.
type API interface {
	FilterLogEvents(context.Context, *cloudwatchlogs.FilterLogEventsInput, ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error)
}

type reader struct {
	api   API
	since time.Time
}

// filter returns the lines of a group that match the pattern and for which keep is true, in order of time.
func (r reader) filter(ctx context.Context, g group, pattern string, keep func(Line) bool) ([]Line, error) {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(r.api, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &g.name, FilterPattern: &pattern, StartTime: aws.Int64(r.since.UnixMilli()),
	})
	var lines []Line
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if gone := new(types.ResourceNotFoundException); errors.As(err, &gone) {
			return nil, fmt.Errorf("read the log %s: the group %s is gone; it was deleted by hand: %w", g.log, g.name, err)
		}
		if err != nil {
			return nil, deployed.Failed(err, "read the log "+g.log+" ("+g.name+")", "logs:FilterLogEvents")
		}
		for _, event := range page.Events {
			if line := newLine(g, event); keep(line) {
				lines = append(lines, line)
			}
		}
	}
	return lines, nil
}

func newLine(g group, event types.FilteredLogEvent) Line {
	line := Line{Time: time.UnixMilli(aws.ToInt64(event.Timestamp)).UTC(), Log: g.log, text: strings.TrimRight(aws.ToString(event.Message), "\r\n")}
	var object map[string]any
	if json.Unmarshal([]byte(line.text), &object) == nil && object != nil {
		line.Message = object
	} else {
		line.Message = line.text
	}
	return line
}

// field is a string in the line's object at a path of keys, else "".
func (l Line) field(path ...string) string {
	v := l.Message
	for _, key := range path {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	text, _ := v.(string)
	return text
}

// request returns every line with the id, in order of time. Lambda's own lines, such as platform.report, have the id of
// the function's invocation, which the access log has next to the request's.
func (r reader) request(ctx context.Context, all []group, id string) ([]Line, error) {
	ids := []string{id}
	var lines []Line
	for _, log := range ofRequests { // the access log first
		for _, g := range all {
			if g.log != log {
				continue
			}
			found, err := r.mentioning(ctx, g, ids)
			if err != nil {
				return nil, err
			}
			lines = append(lines, found...)
			if log == accessLog {
				ids = append(ids, further(found, id)...)
			}
		}
	}
	inOrder(lines)
	return lines, nil
}

// further are the other ids of a request in its lines of the access log: where the client's id is that of an earlier
// request too, those of both.
func further(access []Line, id string) []string {
	var ids []string
	for _, line := range access {
		for _, field := range []string{"requestId", "functionRequestId"} {
			if other := line.field(field); requestID.MatchString(other) && other != id && !slices.Contains(ids, other) {
				ids = append(ids, other)
			}
		}
	}
	return ids
}

// mentioning returns the lines with one of the ids. A pattern of one quoted phrase matches it in JSON and in other text:
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
func (r reader) mentioning(ctx context.Context, g group, ids []string) ([]Line, error) {
	var lines []Line
	for _, id := range ids {
		found, err := r.filter(ctx, g, `"`+id+`"`, func(line Line) bool {
			known := slices.ContainsFunc(lines, func(l Line) bool { return l.text == line.text && l.Time.Equal(line.Time) })
			return !known && strings.Contains(line.text, id)
		})
		if err != nil {
			return nil, err
		}
		lines = append(lines, found...)
	}
	return lines, nil
}

// failures is a pattern of the errors in a log, and a function that recognizes their lines: CloudWatch may return more
// lines than match the pattern, but no fewer.
type failures struct {
	pattern string
	is      func(Line) bool
}

// failed are 5xx responses of the access log.
var failed = failures{`{ $.status = "5*" }`, func(l Line) bool { return strings.HasPrefix(l.field("status"), "5") }}

// ofFunction are a function's own errors, invocations that Lambda ended, and the text that the Go runtime writes when a
// program crashes, which is no JSON. platform.report has the status of an invocation:
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report
var ofFunction = []failures{
	{`{ $.level = "ERROR" }`, func(l Line) bool { return l.field("level") == "ERROR" }},
	{`{ $.type = "platform.report" && $.record.status != "success" }`, func(l Line) bool {
		status := l.field("record", "status")
		return l.field("type") == "platform.report" && status != "success"
	}},
	{`"fatal error:"`, func(l Line) bool { return strings.Contains(l.text, "fatal error:") }},
	{`"panic:"`, func(l Line) bool { return strings.Contains(l.text, "panic:") }},
}

// errors returns the newest errors of the access log and of all functions, in order of time.
func (r reader) errors(ctx context.Context, all []group, limit int) ([]Line, error) {
	var lines []Line
	for _, g := range all {
		kinds := ofFunction
		switch g.log {
		case accessLog:
			kinds = []failures{failed}
		case "execution", "waf":
			continue // the access log has the response, with the reason
		}
		for _, kind := range kinds {
			found, err := r.filter(ctx, g, kind.pattern, kind.is)
			if err != nil {
				return nil, err
			}
			lines = append(lines, found[max(0, len(found)-limit):]...)
		}
	}
	inOrder(lines)
	lines = slices.CompactFunc(lines, func(a, b Line) bool { return a.Log == b.Log && a.text == b.text && a.Time.Equal(b.Time) })
	return lines[max(0, len(lines)-limit):], nil
}

func inOrder(lines []Line) {
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Log, b.Log)) })
}
