// Package deployed reads the state of a deployed stack and signs in to its account, for commands that operate what
// runs. They find resources in the state: names and ids have random suffixes.
package deployed

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os/exec"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

// Source is where a command reads the stack's state.
type Source struct {
	Stack, State string
}

// Register adds --stack and --state to a command's flags.
func (s *Source) Register(flags *flag.FlagSet) {
	flags.StringVar(&s.Stack, "stack", "", "the deployed `stack`")
	flags.StringVar(&s.State, "state", "", "`file` with what pulumi stack export prints, - for the standard input; without it the command runs pulumi")
}

// Open reads the state, and signs in with the environment's credentials in the region of the stack's provider.
func (s *Source) Open(ctx context.Context, io command.IO) (*graph.Graph, aws.Config, error) {
	if s.Stack == "" {
		return nil, aws.Config{}, command.BadUsage("set --stack")
	}
	g, err := s.read(ctx, io)
	if err != nil {
		return nil, aws.Config{}, err
	}
	if g.Stack != s.Stack {
		return nil, aws.Config{}, command.BadUsage("the state is of stack %s, not of %s", g.Stack, s.Stack)
	}
	account, err := Account(ctx, g)
	return g, account, err
}

func (s *Source) read(ctx context.Context, io command.IO) (*graph.Graph, error) {
	if s.State != "" {
		return (&graph.Source{State: s.State}).Read(io.Stdin)
	}
	args := []string{"stack", "export", "--stack", s.Stack}
	export := exec.CommandContext(ctx, "pulumi", args...)
	var printed bytes.Buffer
	export.Stdout, export.Stderr = &printed, io.Stderr
	if err := export.Run(); err != nil {
		if errors.Is(err, exec.ErrNotFound) {
			return nil, command.BadUsage("there is no pulumi on PATH to read the state with; install it, or set --state")
		}
		return nil, fmt.Errorf("pulumi %s: %w", strings.Join(args, " "), err)
	}
	return graph.FromState(&printed)
}

// Account signs in with the environment's credentials, in the region of the stack's provider.
func Account(ctx context.Context, g *graph.Graph) (aws.Config, error) {
	c, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return c, fmt.Errorf("read the AWS settings of the environment: %w", err)
	}
	if region := g.Region(); region != "" {
		c.Region = region
	}
	if c.Region == "" {
		return c, errors.New("no region: the stack names no provider with one, and AWS_REGION is empty")
	}
	return c, nil
}

// denied are the error codes with which services reject a caller who lacks a permission.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/CommonErrors.html
// https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
var denied = map[string]bool{
	"AccessDenied": true, "AccessDeniedException": true, "UnauthorizedOperation": true, "Forbidden": true,
}

// Denied reports whether a call failed because the caller lacks a permission.
func Denied(err error) bool {
	var reported smithy.APIError
	return errors.As(err, &reported) && denied[reported.ErrorCode()]
}

// Failed is the error of a call that requires a permission. It names the permission where the caller lacks it; not
// every service's own message does.
func Failed(err error, what, permission string) error {
	if Denied(err) {
		return fmt.Errorf("%s: the credentials of the environment lack the permission %s: %w", what, permission, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
