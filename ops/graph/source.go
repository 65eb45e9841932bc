package graph

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/didomi/serverless-api/ops/command"
)

// Source is the file that a command reads its graph from.
type Source struct {
	State, Preview string
}

// Register adds --state and --preview to a command's flags.
func (s *Source) Register(flags *flag.FlagSet) {
	flags.StringVar(&s.State, "state", "", "`file` with what pulumi stack export prints; - for the standard input")
	flags.StringVar(&s.Preview, "preview", "", "`file` with what pulumi preview --json --show-sames prints; - for the standard input")
}

// Read reads the file that is set.
func (s *Source) Read(stdin io.Reader) (*Graph, error) {
	if (s.State == "") == (s.Preview == "") {
		return nil, command.BadUsage("set one of --state and --preview")
	}
	read, name := FromState, s.State
	if s.Preview != "" {
		read, name = FromPreview, s.Preview
	}
	if name == "-" {
		return read(stdin)
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	g, err := read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return g, nil
}
