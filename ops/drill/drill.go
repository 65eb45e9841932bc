// Package drill restores the database of a deployed stack next to it, has the stack's function drill migrate the copy and
// compare it with the database, reports what differs and how long each step took, and deletes the copy.
package drill

import (
	"context"
	"errors"
	"flag"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
)

const (
	// longest bounds a drill; the role's session and the job last two hours.
	longest = 90 * time.Minute
	// longestRemoval bounds the deletion of what it created, after an interruption too.
	longestRemoval = 20 * time.Minute
	// margin is how long before the recovery point the compared rows were last written. A transaction of the application
	// ends within six seconds, and clocks differ by less than a second; a snapshot's time is less exact.
	margin = time.Minute
)

// options are the command's flags.
type options struct {
	source   deployed.Source
	at       string
	snapshot string
	clean    bool
	json     bool
}

func (o *options) register(flags *flag.FlagSet) {
	o.source.Register(flags)
	flags.StringVar(&o.at, "time", "", "the `time` to restore to, in RFC 3339; without it the latest restorable one")
	flags.StringVar(&o.snapshot, "snapshot", "", "restore this cluster `snapshot` instead of a time")
	flags.BoolVar(&o.clean, "clean", false, "only delete what an interrupted drill left")
	flags.BoolVar(&o.json, "json", false, "print JSON")
}

// Run restores, compares and removes. It fails if the restored database is not as it must be.
func Run(ctx context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("drill")
	o.register(flags)
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	at, err := o.time()
	if err != nil {
		return err
	}
	stack, account, err := o.source.Open(ctx, io)
	if err != nil {
		return err
	}
	from, err := find(stack)
	if err != nil {
		return err
	}
	d := drill{
		target: from, api: rds.NewFromConfig(account), functions: lambda.NewFromConfig(account),
		out: io.Stderr, now: time.Now, poll: backoff,
	}
	if o.clean {
		return d.remove(ctx)
	}
	result, err := d.run(ctx, at, o.snapshot)
	if err != nil {
		return err
	}
	return result.print(io.Stdout, o.json)
}

// time is the time to restore to; zero: the latest one.
func (o *options) time() (time.Time, error) {
	if o.at == "" {
		return time.Time{}, nil
	}
	at, err := time.Parse(time.RFC3339, o.at)
	switch {
	case o.snapshot != "":
		return at, command.BadUsage("--time and --snapshot: set one of the two")
	case err != nil:
		return at, command.BadUsage("--time %q: must be a time in RFC 3339, such as 2026-12-02T10:00:00Z", o.at)
	}
	return at.UTC(), nil
}

// run returns the result after it has removed what it created, whatever happened.
func (d *drill) run(ctx context.Context, at time.Time, snapshot string) (result report, err error) {
	if err := d.remove(ctx); err != nil {
		return report{}, err
	}
	began := d.now()
	name := contract.DrillPrefix(d.target.stack) + began.UTC().Format("20060102150405")
	limited, stop := context.WithTimeout(ctx, longest)
	defer stop()
	defer func() {
		// An interrupted context would leave the copy, which costs money.
		cleaning := d.step("remove")
		removed := d.remove(context.WithoutCancel(ctx))
		cleaning()
		result.Steps, err = d.steps, errors.Join(err, removed)
	}()
	result, err = d.restored(limited, name, at, snapshot)
	result.Behind = began.Sub(result.RecoveryPoint).Seconds()
	return result, err
}

// restored restores the copy and has it compared.
func (d *drill) restored(ctx context.Context, name string, at time.Time, snapshot string) (report, error) {
	restoring := d.step("restore")
	point, err := d.restore(ctx, name, at, snapshot)
	if err != nil {
		return report{}, err
	}
	copied, err := d.await(ctx, name, false)
	restoring()
	if err != nil {
		return report{}, err
	}
	setting := d.step("password")
	if copied, err = d.managePassword(ctx, name); err != nil {
		return report{}, err
	}
	setting()
	starting := d.step("instance")
	if err := d.start(ctx, name); err != nil {
		return report{}, err
	}
	starting()
	compared, err := d.compare(ctx, contract.Drill{Host: copied.host, MasterSecret: copied.secret, Before: point.Add(-margin)})
	if err != nil {
		return report{}, err
	}
	d.steps = append(d.steps, Step{"migrate", seconds(compared.MigrateMilliseconds)}, Step{"compare", seconds(compared.CompareMilliseconds)})
	return report{Source: d.target.cluster, RecoveryPoint: point, ComparedUpTo: point.Add(-margin), Result: compared}, nil
}

func seconds(milliseconds int64) float64 { return float64(milliseconds) / 1000 }
