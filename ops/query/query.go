// Package query runs an operator's question to the database of a deployed stack, through the stack's function query:
// one statement that only reads. The operator assumes the role query with an MFA code and a reason.
package query

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
)

// options are the command's flags.
type options struct {
	source deployed.Source
	reason string
	code   string
	device string
	json   bool
}

func (o *options) register(flags *flag.FlagSet) {
	o.source.Register(flags)
	flags.StringVar(&o.reason, "reason", "", "why you ask, such as an incident's number: 10 to 256 characters, which CloudTrail and the function log")
	flags.StringVar(&o.code, "mfa", "", "the `code` of your MFA device; without it the command reads one from the standard input")
	flags.StringVar(&o.device, "mfa-device", "", "`ARN` of your MFA device; without it the virtual device that has your user's name")
	flags.BoolVar(&o.json, "json", false, "print JSON")
}

// reasonPattern is what a session tag's value can be.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_Tag.html
var (
	reasonPattern = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]{10,256}$`)
	codePattern   = regexp.MustCompile(`^\d{6}$`)
)

func (o *options) check(statements []string) error {
	switch {
	case !reasonPattern.MatchString(o.reason) || strings.TrimSpace(o.reason) == "":
		return command.BadUsage("--reason %q: must have 10 to 256 characters, of letters, digits, spaces and _.:/=+-@", o.reason)
	case o.code != "" && !codePattern.MatchString(o.code):
		return command.BadUsage("--mfa: must be the six digits that your MFA device shows")
	case len(statements) > 1:
		return command.BadUsage("%d statements: give one, in quotes, or none to read it from the standard input", len(statements))
	}
	return nil
}

// Run is the command. It fails where the query is rejected.
func Run(ctx context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("sql")
	o.register(flags)
	statements, err := command.ParseArguments(io, flags, args, " [statement]")
	if err != nil {
		return err
	}
	if err := o.check(statements); err != nil {
		return err
	}
	statement, err := o.read(io.Stdin, statements)
	if err != nil {
		return err
	}
	stack, account, err := o.source.Open(ctx, io)
	if err != nil {
		return err
	}
	to, err := find(stack)
	if err != nil {
		return err
	}
	to.region = account.Region
	s := session{sts.NewFromConfig(account), account.Credentials}
	who, err := s.assume(ctx, to, func(device string) (request, error) { return o.request(io, device, len(statements) > 0) })
	if err != nil {
		return err
	}
	as := account.Copy()
	as.Credentials = who.credentials
	return o.run(ctx, io, lambda.NewFromConfig(as), to, who, statement)
}

// read returns the statement: an argument, or else the standard input.
func (o *options) read(stdin io.Reader, statements []string) (string, error) {
	statement := strings.Join(statements, "")
	if len(statements) == 0 {
		if o.source.State == "-" {
			return "", command.BadUsage("the standard input has the state: give the statement as an argument")
		}
		content, err := io.ReadAll(stdin)
		if err != nil {
			return "", fmt.Errorf("read the statement: %w", err)
		}
		statement = string(content)
	}
	if strings.TrimSpace(statement) == "" {
		return "", command.BadUsage("no statement: give one as an argument, or on the standard input")
	}
	return statement, nil
}

// request has what the role's trust policy requires. It reads the code from the terminal, if no flag has it and the
// standard input is not the statement.
func (o *options) request(io command.IO, device string, prompts bool) (request, error) {
	r := request{reason: o.reason, device: device, code: o.code}
	if o.device != "" {
		r.device = o.device
	}
	if r.code == "" && prompts && o.source.State != "-" {
		_, _ = fmt.Fprintf(io.Stderr, "MFA code of %s: ", r.device)
		_, _ = fmt.Fscanln(io.Stdin, &r.code) // checked below
	}
	if !codePattern.MatchString(r.code) {
		return r, command.BadUsage("the role of queries requires MFA: set --mfa to the six digits that your device shows")
	}
	return r, nil
}

// run invokes the function and prints the result.
func (o *options) run(ctx context.Context, io command.IO, client deployed.Invoker, to target, who caller, statement string) error {
	token, err := to.token(ctx, who)
	if err != nil {
		return err
	}
	result, err := invoke(ctx, client, to.function, contract.Query{Statement: statement, Reason: o.reason, Caller: who.name, Token: token})
	if err != nil {
		return err
	}
	if o.json {
		err = printJSON(io.Stdout, result)
	} else if result.Rejected == nil {
		err = printTable(io.Stdout, result)
	}
	if err != nil {
		return err
	}
	if result.Rejected != nil {
		return errors.New("rejected (" + result.Rejected.Code + "): " + printable(result.Rejected.Message))
	}
	if result.Truncated != "" {
		_, _ = fmt.Fprintf(io.Stderr, "truncated: the result has more than %s; add LIMIT, WHERE or an aggregate\n", result.Truncated)
	}
	return nil
}
