package cli

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/progress"
)

// up builds and starts what a stack needs, and deploys it.
func up(ctx context.Context, l layout.Layout, args []string) error {
	flags := newFlags("up")
	name := flags.String("stack", "dev", "the stack to deploy")
	if err := parse(flags, args); err != nil {
		return err
	}
	unlock, err := lockExclusive(l)
	if err != nil {
		return err
	}
	defer unlock()
	return deployAndShow(ctx, l, *name)
}

// deployAndShow deploys a stack and prints its outputs. The caller holds the lock.
func deployAndShow(ctx context.Context, l layout.Layout, name string) error {
	printer, stack, err := open(ctx, l, name)
	if err != nil {
		return err
	}
	defer printer.Close()
	warnOfFaults(ctx, l, printer)
	if err := deployStack(ctx, stack, printer); err != nil {
		return err
	}
	task := printer.Start("outputs")
	outputs, err := stack.WriteOutputs(ctx)
	task.Done(err)
	if err != nil {
		return err
	}
	printer.Printf("stack %s is up", stack.Name)
	fmt.Printf("url      %s\noutputs  %s\npage     %s\n", outputs.URL, deploy.OutputsFile(l, ""), stack.Report.Page)
	if outputs.APIKey != "" {
		fmt.Println("         send the outputs' apiKey in the header x-api-key")
	}
	if auth, _ := outputs.Stacked["auth"].(string); auth == "iam" {
		fmt.Printf("         sign requests; in make shell: curl --aws-sigv4 aws:amz:%s:execute-api --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" ...\n", outputs.Region)
	}
	return nil
}

// deployStack runs pulumi up and prints its progress, or why it failed.
func deployStack(ctx context.Context, stack *deploy.Stack, printer *progress.Printer) error {
	task := printer.Start("pulumi up of " + stack.Name)
	task.SetDetail("compiling the program")
	result, err := stack.Up(ctx, func(p *deploy.Progress) {
		if p.Done > 0 {
			task.SetDetail("%s", p)
		}
	})
	task.Done(err)
	if err == nil {
		return nil
	}
	return deploymentError(stack, result, err)
}

// deploymentError returns why a deployment failed, with all that Pulumi reported. There is no result if it did not run.
func deploymentError(stack *deploy.Stack, result *deploy.Progress, err error) error {
	var report strings.Builder
	if result != nil {
		problems := result.Problems()
		for _, problem := range problems {
			_, _ = fmt.Fprintln(&report, problem)
		}
		if servedNoMore(problems) {
			_, _ = fmt.Fprintln(&report, "The stack has resources of AWS services that the program no longer uses, and the AWS provider is built without these. "+
				"make down deletes the emulated account; make up then deploys the program as it is.")
		}
	}
	return fmt.Errorf("%sstack %s: %w; full log: %s", report.String(), stack.Name, err, stack.Log())
}

// typeNotServed is the engine's error about a type that the AWS provider does not have.
var typeNotServed = regexp.MustCompile(`Resource type 'aws:[^']+' not found`)

// servedNoMore reports whether a deployment failed for types that the provider does not serve. The provider serves
// everything that the program creates, so an earlier program created resources of these types.
func servedNoMore(problems []string) bool {
	return slices.ContainsFunc(problems, typeNotServed.MatchString)
}
