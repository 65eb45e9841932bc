package cli

import (
	"context"
	"os"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/pipeline"
)

// runPipeline runs .gitlab-ci.yml against an empty account.
func runPipeline(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("pipeline")
	quick := flags.Bool("quick", false, "leave out the jobs of the stage check")
	if err := parse(flags, args); err != nil {
		return err
	}
	unlock, err := lockExclusive(l)
	if err != nil {
		return err
	}
	defer unlock()
	for _, step := range []build.Step{build.Node(l), pipeline.Tools(l)} { // each requires the previous one
		if err := makeTools(ctx, l, []build.Step{step}); err != nil {
			return err
		}
	}
	stacks := map[string]*deploy.Stack{}
	for _, name := range []string{"dev", "prod"} {
		printer, stack, err := open(ctx, l, name)
		if err != nil {
			return err
		}
		printer.Close()
		stacks[name] = stack
	}
	return pipeline.Play(ctx, l, stacks, *quick, os.Stdout)
}
