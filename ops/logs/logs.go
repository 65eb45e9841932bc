// Package logs prints lines of a deployed stack's logs: all of one request, or the last errors. It reads only.
package logs

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
)

// options are the command's flags.
type options struct {
	source  deployed.Source
	request string
	errors  bool
	since   time.Duration
	limit   int
	json    bool
}

func (o *options) register(flags *flag.FlagSet) {
	o.source.Register(flags)
	flags.StringVar(&o.request, "request", "", "print every line of the request with this `id`: X-Request-Id of a response")
	flags.BoolVar(&o.errors, "errors", false, "print the last errors: 5xx in the access log, errors, crashes and time-outs in the functions' logs")
	flags.DurationVar(&o.since, "since", 15*time.Minute, "how far back to read")
	flags.IntVar(&o.limit, "limit", 50, "how many errors to print, the newest")
	flags.BoolVar(&o.json, "json", false, "print JSON")
}

func (o *options) check() error {
	switch {
	case (o.request == "") == !o.errors:
		return command.BadUsage("set one of --request and --errors")
	case o.request != "" && !requestID.MatchString(o.request):
		return command.BadUsage("--request %q: must be the id of a request, such as 8a3f2c1e-0b4d-4c6a-9f0e-2d7b5a1c3e4f", o.request)
	case o.since <= 0:
		return command.BadUsage("--since %s: must be positive, such as 24h", o.since)
	case o.limit < 1:
		return command.BadUsage("--limit %d: must be at least 1", o.limit)
	}
	return nil
}

// Run is the command. It fails where there is no line of the request.
func Run(ctx context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("logs")
	o.register(flags)
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	stack, account, err := o.source.Open(ctx, io)
	if err != nil {
		return err
	}
	all, err := groups(stack)
	if err != nil {
		return err
	}
	return o.run(ctx, io, reader{cloudwatchlogs.NewFromConfig(account), time.Now().Add(-o.since)}, all)
}

func (o *options) run(ctx context.Context, io command.IO, r reader, all []group) error {
	var lines []Line
	var err error
	if o.errors {
		lines, err = r.errors(ctx, all, o.limit)
	} else {
		lines, err = r.request(ctx, all, o.request)
	}
	if err != nil {
		return err
	}
	if err := o.print(io.Stdout, lines); err != nil {
		return err
	}
	if len(lines) == 0 {
		o.explain(io.Stderr)
		if o.request != "" {
			return command.ErrNo
		}
	}
	return nil
}

func (o *options) explain(w io.Writer) {
	if o.errors {
		_, _ = fmt.Fprintf(w, "no errors in the last %s; a line may take a minute until CloudWatch has it\n", o.since)
		return
	}
	_, _ = fmt.Fprintf(w, "no line of request %s in the last %s: set --since to more; a line may take a minute until CloudWatch has it\n", o.request, o.since)
}

// Line is one line of a log.
type Line struct {
	Time time.Time `json:"time"`
	Log  string    `json:"log"`
	// Message is the line's JSON object, or its text.
	Message any `json:"message"`
	text    string
}

func (o *options) print(w io.Writer, lines []Line) error {
	if o.json {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		for _, line := range lines {
			if err := encoder.Encode(line); err != nil {
				return fmt.Errorf("print: %w", err)
			}
		}
		return nil
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(w, "%s  %-10s  %s\n", line.Time.UTC().Format("2006-01-02T15:04:05.000Z"), line.Log, withoutDirective(line.text)); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	}
	return nil
}
