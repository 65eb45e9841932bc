// Package status reports where a deployed stack needs its operator: alarms, versions, capacity, drift, certificates,
// secrets, and dates of the calendar. It changes nothing.
package status

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/graph"
)

const day = 24 * time.Hour

// State is whether an item needs the operator.
type State string

// States of an item.
const (
	OK State = "ok"
	// Warning needs the operator.
	Warning State = "warning"
	// NotRead is a part that could not be read and may need the operator.
	NotRead State = "not read"
	// NotChecked is a part that the command checks only with a flag.
	NotChecked State = "not checked"
)

// Item is one line of the report.
type Item struct {
	Part  string `json:"part"`
	Name  string `json:"name"`
	State State  `json:"state"`
	What  string `json:"what"`
	Do    string `json:"do,omitempty"`
}

// stack is a deployed stack and its account.
type stack struct {
	graph    *graph.Graph
	now      time.Time
	warnDays int
	drift    bool
	// pulumi runs the Pulumi CLI and returns what it prints.
	pulumi func(ctx context.Context, args ...string) (string, error)

	acm     acmAPI
	alarms  cloudwatch.DescribeAlarmsAPIClient
	cache   elasticache.DescribeReplicationGroupsAPIClient
	lambda  lambdaAPI
	rds     rdsAPI
	secrets secretsAPI

	described *clusterList // once they are
}

// The calls that the command makes; the SDK's clients have them.
type (
	acmAPI interface {
		DescribeCertificate(context.Context, *acm.DescribeCertificateInput, ...func(*acm.Options)) (*acm.DescribeCertificateOutput, error)
	}
	lambdaAPI interface {
		GetAlias(context.Context, *lambda.GetAliasInput, ...func(*lambda.Options)) (*lambda.GetAliasOutput, error)
		GetFunctionConcurrency(context.Context, *lambda.GetFunctionConcurrencyInput, ...func(*lambda.Options)) (*lambda.GetFunctionConcurrencyOutput, error)
		GetAccountSettings(context.Context, *lambda.GetAccountSettingsInput, ...func(*lambda.Options)) (*lambda.GetAccountSettingsOutput, error)
	}
	rdsAPI interface {
		rds.DescribeDBClustersAPIClient
		rds.DescribeDBInstancesAPIClient
	}
	secretsAPI interface {
		DescribeSecret(context.Context, *secretsmanager.DescribeSecretInput, ...func(*secretsmanager.Options)) (*secretsmanager.DescribeSecretOutput, error)
	}
)

func newStack(g *graph.Graph, account aws.Config, now time.Time) *stack {
	return &stack{
		graph: g, now: now, pulumi: runPulumi,
		acm: acm.NewFromConfig(account), alarms: cloudwatch.NewFromConfig(account), cache: elasticache.NewFromConfig(account),
		lambda: lambda.NewFromConfig(account), rds: rds.NewFromConfig(account), secrets: secretsmanager.NewFromConfig(account),
	}
}

// part reads one part of the report. It returns what it has read also with an error.
type part struct {
	name string
	read func(context.Context, *stack) ([]Item, error)
}

// parts are in the order of the report.
var parts = []part{
	{"alarms", alarms},
	{"versions", versions},
	{"capacity", capacity},
	{"drift", drift},
	{"certificates", certificates},
	{"secrets", secrets},
	{"calendar", calendar},
}

func partNames() []string {
	var names []string
	for _, p := range parts {
		names = append(names, p.name)
	}
	return names
}

// chooseParts returns the parts with the names, in the order of the report; all: "".
func chooseParts(names string) ([]part, error) {
	if names == "" {
		return parts, nil
	}
	wanted := strings.Split(names, ",")
	for _, name := range wanted {
		if !slices.Contains(partNames(), name) {
			return nil, command.BadUsage("--only %s: must be names of parts: %s", names, strings.Join(partNames(), ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(p part) bool { return !slices.Contains(wanted, p.name) }), nil
}

// report is what the command prints.
type report struct {
	Stack string    `json:"stack"`
	Time  time.Time `json:"time"`
	// OK: every part was read, and nothing needs the operator.
	OK    bool   `json:"ok"`
	Items []Item `json:"items"`
}

// options are the command's flags.
type options struct {
	source   deployed.Source
	warnDays int
	drift    bool
	json     bool
	only     string
}

func (o *options) register(flags *flag.FlagSet) {
	o.source.Register(flags)
	flags.IntVar(&o.warnDays, "warn-days", 180, "warn of versions whose support ends within so many days")
	flags.BoolVar(&o.drift, "drift", false, "compare the account with the state, with pulumi: takes a minute")
	flags.StringVar(&o.only, "only", "", "report these `parts` only, separated by commas: "+strings.Join(partNames(), ", "))
	flags.BoolVar(&o.json, "json", false, "print JSON")
}

// Run is the command. It fails where something needs the operator, or could not be read.
func Run(ctx context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("status")
	o.register(flags)
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if o.warnDays < 1 {
		return command.BadUsage("--warn-days %d: must be at least 1", o.warnDays)
	}
	chosen, err := chooseParts(o.only)
	if err != nil {
		return err
	}
	g, account, err := o.source.Open(ctx, io)
	if err != nil {
		return err
	}
	s := newStack(g, account, time.Now())
	s.warnDays, s.drift = o.warnDays, o.drift
	r, err := s.report(ctx, chosen)
	if err != nil {
		return err
	}
	if err := r.print(io.Stdout, o.json); err != nil {
		return err
	}
	if !r.OK {
		return command.ErrNo
	}
	return nil
}

// report reads all parts, whatever they return.
func (s *stack) report(ctx context.Context, parts []part) (report, error) {
	r := report{Stack: s.graph.Stack, Time: s.now.UTC(), OK: true}
	for _, p := range parts {
		items, err := p.read(ctx, s)
		if ctx.Err() != nil {
			return r, context.Cause(ctx)
		}
		if err != nil {
			items = append(items, Item{State: NotRead, What: err.Error()})
		}
		for _, item := range items {
			item.Part = p.name
			r.OK = r.OK && item.State != Warning && item.State != NotRead
			r.Items = append(r.Items, item)
		}
	}
	return r, nil
}

func (r report) print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(r); err != nil {
			return fmt.Errorf("print: %w", err)
		}
		return nil
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, item := range r.Items {
		_, _ = fmt.Fprintf(columns, "%s\t%s\t%s\t%s\n", item.Part, item.State, item.Name, item.What)
		if item.Do != "" {
			_, _ = fmt.Fprintf(columns, "\t\t\t-> %s\n", item.Do)
		}
	}
	if err := columns.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// daysTo is the number of whole days until a time, negative after it.
func (s *stack) daysTo(t time.Time) int { return int(t.Sub(s.now).Hours() / 24) }
