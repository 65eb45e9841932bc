package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/ops/command"
)

// outputs are the stack's outputs that a rollout needs.
type outputs struct {
	FunctionName    string   `json:"functionName"`
	FunctionNames   []string `json:"functionNames"`
	FunctionVersion string   `json:"functionVersion"`
	RolloutAlarms   []string `json:"rolloutAlarms"`
}

// options are the command's flags.
type options struct {
	percent      int
	watch, every time.Duration
	alarmTimeout time.Duration
	rollback     bool
	to           string
	serving      bool
	prune        bool
	keep         string
}

// Run shifts all requests to the stack's newest version, or rolls back. It reads what
// `pulumi stack output --json` prints, and uses the account of the environment's credentials.
func Run(ctx context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("rollout")
	o.register(flags)
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if err := o.check(); err != nil {
		return err
	}
	stack, err := readOutputs(io.Stdin)
	if err != nil {
		return err
	}
	if (o.serving || o.prune) && stack.FunctionName == "" {
		return nil // nothing is deployed yet
	}
	if err := stack.check(o.prune); err != nil {
		return err
	}
	account, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return fmt.Errorf("read the AWS settings of the environment: %w", err)
	}
	return o.run(ctx, io, stack, account)
}

// run executes the options for the stack, in the given account.
func (o options) run(ctx context.Context, io command.IO, stack outputs, account aws.Config) error {
	client := lambda.NewFromConfig(account)
	if o.prune {
		keep := map[string][]string{stack.FunctionName: {stack.FunctionVersion, o.keep}}
		return Pruning{Lambda: client, Log: io.Stdout, Keep: keep}.Run(ctx, stack.FunctionNames)
	}
	definition, err := openapi.Load()
	if err != nil {
		return err
	}
	r := &Rollout{
		Lambda: client, Readiness: definition.Readiness(),
		InAlarm: Alarms(cloudwatch.NewFromConfig(account), stack.RolloutAlarms),
		Wait:    command.Wait, Log: io.Stdout,
		Function: stack.FunctionName, Alias: "live", Version: stack.FunctionVersion,
		Share: float64(o.percent) / 100, Watch: o.watch, Every: o.every, AlarmTimeout: o.alarmTimeout,
	}
	switch {
	case o.serving:
		version, err := r.Serving(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(io.Stdout, version)
		return err
	case o.rollback:
		return r.Rollback(ctx, o.to)
	}
	return r.Shift(ctx)
}

func (o *options) register(flags *flag.FlagSet) {
	flags.IntVar(&o.percent, "percent", 10, "the percentage of requests that the new version receives first")
	flags.DurationVar(&o.watch, "watch", 10*time.Minute, "the `duration` of that share; an alarm enters ALARM after three minutes of five")
	flags.DurationVar(&o.every, "every", 15*time.Second, "the interval at which the alarms are read")
	flags.DurationVar(&o.alarmTimeout, "alarm-timeout", 6*time.Minute, "how `long` to wait for alarms that are in ALARM at the start; after that the rollout does not start; 0: not at all")
	flags.BoolVar(&o.rollback, "rollback", false, "end a rollout, or send all requests to the previous version")
	flags.BoolVar(&o.serving, "serving", false, "print the version that receives the requests, and nothing before the first deployment; changes nothing")
	flags.BoolVar(&o.prune, "prune", false, "delete the published versions of all functions that no rollback can need")
	flags.StringVar(&o.keep, "keep", "", "with --prune: a `version` of the API's function to keep as well: the one that served before the update")
	flags.StringVar(&o.to, "to", "", "with --rollback: the target `version`")
}

var versionNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

func (o *options) check() error {
	switch {
	case o.percent < 1 || o.percent > 99:
		return command.BadUsage("--percent is %d; must be 1 to 99", o.percent)
	case o.watch < time.Second:
		return command.BadUsage("--watch is %s; must be 1s or more", o.watch)
	case o.every < time.Second:
		return command.BadUsage("--every is %s; must be 1s or more", o.every)
	case o.alarmTimeout < 0:
		return command.BadUsage("--alarm-timeout is %s; must be 0s or more", o.alarmTimeout)
	case o.to != "" && !o.rollback:
		return command.BadUsage("--to requires --rollback")
	case o.to != "" && !versionNumber.MatchString(o.to):
		return command.BadUsage("--to is %q; must be the number of a version", o.to)
	case o.serving && o.rollback:
		return command.BadUsage("--serving changes nothing, --rollback does: set one of them")
	case o.prune && (o.serving || o.rollback):
		return command.BadUsage("--prune cannot be combined with --serving or --rollback")
	case o.keep != "" && !o.prune:
		return command.BadUsage("--keep requires --prune")
	}
	return nil
}

func readOutputs(in io.Reader) (outputs, error) {
	var stack outputs
	if err := json.NewDecoder(in).Decode(&stack); err != nil {
		return stack, command.BadUsage("the standard input is not what `pulumi stack output --json` prints: %v", err)
	}
	return stack, nil
}

// check requires the outputs that are used. A stack last updated by an older program has no
// functionNames, and must still be updatable.
func (o outputs) check(prune bool) error {
	if o.FunctionName == "" || o.FunctionVersion == "" || len(o.RolloutAlarms) == 0 || prune && len(o.FunctionNames) == 0 {
		return errors.New("the stack's outputs lack functionName, functionVersion or rolloutAlarms, or functionNames to prune: deploy it first")
	}
	return nil
}
