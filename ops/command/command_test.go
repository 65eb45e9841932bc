package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
)

func table() []command.Command {
	run := func(err error) func(context.Context, command.IO, []string) error {
		return func(_ context.Context, io command.IO, args []string) error {
			flags := command.Flags("test")
			flags.Int("n", 0, "a number")
			if parsed := command.Parse(io, flags, args); parsed != nil {
				return parsed
			}
			return err
		}
	}
	return []command.Command{
		{Name: "works", Summary: "goes well", Run: run(nil)},
		{Name: "says-no", Summary: "has printed why", Run: run(fmt.Errorf("wrapped: %w", command.ErrNo))},
		{Name: "fails", Summary: "goes wrong", Run: run(errors.New("no such file"))},
	}
}

func TestTheExitCodeReportsTheOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		args           []string
		code           int
		stdout, stderr string
	}{
		"a command that succeeds":              {[]string{"works"}, 0, "", ""},
		"a command whose check fails":          {[]string{"says-no"}, 1, "", ""},
		"a command that fails":                 {[]string{"fails"}, 1, "", "ops fails: no such file"},
		"no command":                           {nil, 2, "", "usage: go run ./ops <command>"},
		"an unknown command":                   {[]string{"dance"}, 2, "", `no command "dance"`},
		"an unknown flag":                      {[]string{"works", "-x"}, 2, "", "not defined: -x"},
		"a flag of the wrong type":             {[]string{"works", "-n", "many"}, 2, "", `invalid value "many"`},
		"an argument where there are none":     {[]string{"works", "more"}, 2, "", `unexpected argument "more"`},
		"a command with the flag for its help": {[]string{"works", "-h"}, 0, "a number", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			got := command.Main(context.Background(), table(), command.IO{Stdout: &stdout, Stderr: &stderr}, c.args)
			if got != c.code {
				t.Errorf("exit %d, want %d", got, c.code)
			}
			for stream, check := range map[string][2]string{
				"standard output": {stdout.String(), c.stdout}, "standard error": {stderr.String(), c.stderr},
			} {
				if got, want := check[0], check[1]; strings.Count(got, want) != 1 && (got != "" || want != "") {
					t.Errorf("%s is %q, want %q in it once", stream, got, want)
				}
			}
		})
	}
}

func TestArgumentsMayBeBetweenFlags(t *testing.T) {
	for _, line := range []string{"a -n 2 b", "-n 2 a b", "a b -n 2", "-n=2 -- a b"} {
		flags := command.Flags("test")
		n := flags.Int("n", 0, "a number")
		others, err := command.ParseArguments(command.IO{}, flags, strings.Fields(line), " NAME...")
		if err != nil || *n != 2 || strings.Join(others, " ") != "a b" {
			t.Errorf("%s: got %v and %d, %v", line, others, *n, err)
		}
	}
	var help bytes.Buffer
	if _, err := command.ParseArguments(command.IO{Stdout: &help}, command.Flags("test"), []string{"-h"}, " NAME..."); err == nil || !strings.Contains(help.String(), "ops test [flags] NAME...") {
		t.Errorf("got %s, %v", &help, err)
	}
}

func TestHelpListsEveryCommandOnStandardOutput(t *testing.T) {
	var stdout, stderr bytes.Buffer
	if got := command.Main(context.Background(), table(), command.IO{Stdout: &stdout, Stderr: &stderr}, []string{"help"}); got != command.Done {
		t.Errorf("exit %d", got)
	}
	for _, want := range []string{"works    goes well", "says-no  has printed why"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is missing in\n%s", want, stdout.String())
		}
	}
}
