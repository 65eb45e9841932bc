// Package command is what the commands of ops have in common: flags, input and output, exit codes, and the error
// of a check that fails.
package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"text/tabwriter"
	"time"
)

// Exit codes of every command.
const (
	Done  = 0
	No    = 1 // it failed, or its check did
	Usage = 2
)

// ErrNo is returned by a command whose check fails, after it has printed why.
var ErrNo = errors.New("the check failed")

// usageError is a mistake in a command line.
type usageError struct{ error }

// BadUsage is the error of a wrong command line.
func BadUsage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// IO is where a command reads and writes. Results go to Stdout, everything else to Stderr.
type IO struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
}

// Command is one of ops' commands.
type Command struct {
	Name, Summary string
	Run           func(ctx context.Context, io IO, args []string) error
}

// Flags is an empty set of flags for Parse.
func Flags(name string) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	return flags
}

// Parse reads the command's flags, and rejects other arguments. With -h it prints the flags.
func Parse(io IO, flags *flag.FlagSet, args []string) error {
	others, err := ParseArguments(io, flags, args, "")
	if err == nil && len(others) > 0 {
		return BadUsage("unexpected argument %q", others[0])
	}
	return err
}

// ParseArguments reads the command's flags and returns its other arguments, which may be between the flags. The
// arguments' name is for -h, which prints it with the flags.
func ParseArguments(io IO, flags *flag.FlagSet, args []string, name string) ([]string, error) {
	var others []string
	for {
		err := flags.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			_, _ = fmt.Fprintf(io.Stdout, "usage: go run ./ops %s [flags]%s\n", flags.Name(), name)
			flags.SetOutput(io.Stdout)
			flags.PrintDefaults()
			return nil, err
		case err != nil:
			return nil, usageError{err}
		case flags.NArg() == 0:
			return others, nil
		}
		others, args = append(others, flags.Arg(0)), flags.Args()[1:]
	}
}

// Main runs the named command and returns the exit code.
func Main(ctx context.Context, table []Command, io IO, args []string) int {
	if len(args) == 0 {
		usage(io.Stderr, table)
		return Usage
	}
	if args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(io.Stdout, table)
		return Done
	}
	for _, c := range table {
		if c.Name == args[0] {
			return code(c.Run(ctx, io, args[1:]), c.Name, io.Stderr)
		}
	}
	_, _ = fmt.Fprintf(io.Stderr, "ops: no command %q\n", args[0])
	usage(io.Stderr, table)
	return Usage
}

func code(err error, name string, stderr io.Writer) int {
	var wrong usageError
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return Done
	case errors.Is(err, ErrNo):
		return No
	case errors.As(err, &wrong):
		_, _ = fmt.Fprintf(stderr, "ops %s: %v\n", name, err)
		return Usage
	default:
		_, _ = fmt.Fprintf(stderr, "ops %s: %v\n", name, err)
		return No
	}
}

func usage(w io.Writer, table []Command) {
	_, _ = fmt.Fprintln(w, "usage: go run ./ops <command> [-h] [flags]")
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, c := range table {
		_, _ = fmt.Fprintf(columns, "  %s\t%s\n", c.Name, c.Summary)
	}
	_ = columns.Flush()
}

// Wait returns after d, or with the cause when ctx ends first.
func Wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
