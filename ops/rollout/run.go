package rollout

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
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

// options are what the command is told.
type options struct {
	percent      int
	watch, every time.Duration
	settle       time.Duration
	back         bool
	to           string
	serving      bool
	prune        bool
	keep         string
}

// Run brings the stack's newest version into service, or goes back. It reads what
// `pulumi stack output --json` prints, and talks to the account of the environment's credentials.
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

// run does what the options say with the stack, in the account of the settings.
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
		Ringing: Alarms(cloudwatch.NewFromConfig(account), stack.RolloutAlarms),
		Wait:    command.Wait, Log: io.Stdout,
		Function: stack.FunctionName, Alias: "live", Version: stack.FunctionVersion,
		Share: float64(o.percent) / 100, Watch: o.watch, Every: o.every, Settle: o.settle,
	}
	switch {
	case o.serving:
		version, err := r.Serving(ctx)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(io.Stdout, version)
		return err
	case o.back:
		return r.Back(ctx, o.to)
	}
	return r.Forward(ctx)
}

func (o *options) register(flags *flag.FlagSet) {
	flags.IntVar(&o.percent, "percent", 10, "the `share` of the requests that the new version gets first")
	flags.DurationVar(&o.watch, "watch", 10*time.Minute, "how `long`; alarms need three minutes of five to go off")
	flags.DurationVar(&o.every, "every", 15*time.Second, "how often the alarms are looked at")
	flags.DurationVar(&o.settle, "settle", 6*time.Minute, "how `long` an alarm that is on may take to end before the rollout does not begin; 0: not at all")
	flags.BoolVar(&o.back, "back", false, "end a rollout, or send all requests to the version before")
	flags.BoolVar(&o.serving, "serving", false, "print the version that serves and change nothing; before the first deployment nothing is printed")
	flags.BoolVar(&o.prune, "prune", false, "delete the published versions of all functions that nothing can go back to")
	flags.StringVar(&o.keep, "keep", "", "with --prune: a `version` of the serving function that is kept too, the one that served before the update")
	flags.StringVar(&o.to, "to", "", "with --back: the `version` to go back to")
}

func (o *options) check() error {
	switch {
	case o.percent < 1 || o.percent > 99:
		return command.BadUsage("--percent is %d; want 1 to 99", o.percent)
	case o.watch < time.Second:
		return command.BadUsage("--watch is %s; want 1s or more", o.watch)
	case o.every < time.Second:
		return command.BadUsage("--every is %s; want 1s or more", o.every)
	case o.settle < 0:
		return command.BadUsage("--settle is %s; want 0s or more", o.settle)
	case o.to != "" && !o.back:
		return command.BadUsage("--to goes with --back")
	case o.serving && o.back:
		return command.BadUsage("--serving changes nothing, --back does: give one of them")
	case o.prune && (o.serving || o.back):
		return command.BadUsage("--prune does nothing but prune: leave --serving and --back out")
	case o.keep != "" && !o.prune:
		return command.BadUsage("--keep goes with --prune")
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

// check requires the outputs that are used. A stack whose last update was by an older program has no
// functionNames, and is updated all the same.
func (o outputs) check(prune bool) error {
	if o.FunctionName == "" || o.FunctionVersion == "" || len(o.RolloutAlarms) == 0 || prune && len(o.FunctionNames) == 0 {
		return errors.New("the stack's outputs name no functionName, functionVersion or rolloutAlarms, or no functionNames to prune: bring it up first")
	}
	return nil
}
