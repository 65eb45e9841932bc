package cli

import (
	"errors"
	"flag"
)

// newFlags returns a command's flag set, which prints errors and help to standard error.
func newFlags(name string) *flag.FlagSet {
	return flag.NewFlagSet("sandbox "+name, flag.ContinueOnError)
}

// parse reads a command's flags and allows no other arguments.
func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return exitCode(0)
	}
	if err != nil {
		return exitCode(2) // printed by the flag package
	}
	if flags.NArg() > 0 {
		return errors.New(flags.Name() + ": unexpected argument " + flags.Arg(0))
	}
	return nil
}
