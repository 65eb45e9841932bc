// Package undelete brings back deleted or replaced files of a stack's bucket: it copies an earlier version over the
// current one. It deletes neither a version nor a delete marker, so another copy undoes every step.
package undelete

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/graph"
)

// options are the command's flags.
type options struct {
	source deployed.Source
	prefix string
	at     string
	dryRun bool

	keys []string
	time time.Time // of at; zero: the last version before the file was deleted
}

func (o *options) register(flags *flag.FlagSet) {
	o.source.Register(flags)
	flags.StringVar(&o.prefix, "prefix", "", "bring back every file whose `key` begins so, instead of the named ones")
	flags.StringVar(&o.at, "at", "", "bring back what was current at this `time`, such as 2026-12-02T15:04:05Z, also of files that exist; without it the last version of deleted files")
	flags.BoolVar(&o.dryRun, "dry-run", false, "print what it would do")
}

func (o *options) check(now time.Time) error {
	if (len(o.keys) == 0) == (o.prefix == "") {
		return command.BadUsage("name the keys of the files, or set --prefix")
	}
	if o.at == "" {
		return nil
	}
	var err error
	if o.time, err = time.Parse(time.RFC3339, o.at); err != nil {
		return command.BadUsage("--at %q: must be a time with its zone, such as 2026-12-02T15:04:05Z", o.at)
	}
	if o.time.After(now) {
		return command.BadUsage("--at %s: is in the future", o.at)
	}
	return nil
}

// Run is the command. It fails where a file was not brought back, after it has brought back the others.
func Run(ctx context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("undelete")
	o.register(flags)
	keys, err := command.ParseArguments(io, flags, args, " KEY...")
	if err != nil {
		return err
	}
	o.keys = keys
	if err := o.check(time.Now()); err != nil {
		return err
	}
	stack, account, err := o.source.Open(ctx, io)
	if err != nil {
		return err
	}
	bucket, err := filesBucket(stack)
	if err != nil {
		return err
	}
	return o.run(ctx, io.Stdout, store{api: s3.NewFromConfig(account), bucket: bucket, copyLimit: copyLimit, partSize: partSize})
}

// filesBucket is the bucket of files, by the stack's output.
func filesBucket(g *graph.Graph) (string, error) {
	for _, r := range g.ByType("pulumi:pulumi:Stack") {
		if name, ok := r.Outputs["bucket"].(string); ok && name != "" {
			return name, nil
		}
	}
	return "", errors.New("the stack has no output bucket: its component data is not deployed")
}

// run brings back one file after the other, also after a failure.
func (o *options) run(ctx context.Context, out io.Writer, s store) error {
	prefixes := o.keys
	if o.prefix != "" {
		prefixes = []string{o.prefix}
	}
	var problems []error
	restored := 0
	for _, prefix := range prefixes {
		files, err := s.files(ctx, prefix, o.prefix == "")
		if err != nil {
			return err
		}
		if len(files) == 0 {
			problems = append(problems, fmt.Errorf("%s: the bucket %s has no version of it", prefix, s.bucket))
		}
		for _, f := range files {
			done, err := o.restore(ctx, out, s, f)
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err != nil {
				problems = append(problems, fmt.Errorf("%s: %w", f.key, err))
			}
			if done {
				restored++
			}
		}
	}
	verb := "restored"
	if o.dryRun {
		verb = "to restore"
	}
	_, _ = fmt.Fprintf(out, "%d files %s in %s\n", restored, verb, s.bucket)
	if len(problems) > 0 {
		return fmt.Errorf("%d files were not restored:\n%w", len(problems), errors.Join(problems...))
	}
	return nil
}

// restore brings a file back where that changes it, and prints what it does.
func (o *options) restore(ctx context.Context, out io.Writer, s store, f file) (bool, error) {
	wanted, why, err := f.wanted(o.time)
	if err != nil {
		return false, err
	}
	if wanted == nil {
		_, _ = fmt.Fprintf(out, "%s: nothing to do: %s\n", f.key, why)
		return false, nil
	}
	source, err := s.read(ctx, f.key, wanted.id)
	if err != nil {
		return false, err
	}
	if current := f.versions[0]; !current.deleted {
		same, err := s.same(ctx, f.key, current.id, source)
		if err != nil {
			return false, err
		}
		if same {
			_, _ = fmt.Fprintf(out, "%s: nothing to do: the current version is the same\n", f.key)
			return false, nil
		}
	}
	what := fmt.Sprintf("%s: version %s of %s, %d bytes", f.key, wanted.id, wanted.modified.UTC().Format(time.RFC3339), wanted.size)
	if o.dryRun {
		_, _ = fmt.Fprintf(out, "%s would be restored\n", what)
		return true, nil
	}
	id, err := s.copy(ctx, f.key, source)
	if err != nil {
		return false, err
	}
	_, _ = fmt.Fprintf(out, "%s restored as version %s\n", what, id)
	return true, nil
}
