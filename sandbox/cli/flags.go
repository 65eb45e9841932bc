package cli

import (
	"errors"
	"flag"
)

// newFlags are a command's flags; errors and help go to standard error.
func newFlags(name string) *flag.FlagSet {
	return flag.NewFlagSet("sandbox "+name, flag.ContinueOnError)
}

// parse reads a command's flags; nothing else may be left.
func parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return exitCode(0)
	}
	if err != nil {
		return exitCode(2) // said already
	}
	if flags.NArg() > 0 {
		return errors.New(flags.Name() + " takes no " + flags.Arg(0))
	}
	return nil
}
