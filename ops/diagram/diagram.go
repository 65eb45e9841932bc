// Package diagram draws a deployed stack as SVG: the deployment order of its components, and the path of a
// request. Every box and every arrow comes from the state; the diagram contains nothing that differs between two
// deployments of the same program.
package diagram

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

// Run is the command: it prints the diagram, or compares a file with it.
func Run(_ context.Context, io command.IO, args []string) error {
	var source graph.Source
	flags := command.Flags("diagram")
	source.Register(flags)
	check := flags.String("check", "", "`file` that should contain this diagram; prints nothing")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if source.Preview != "" {
		return command.BadUsage("the diagram shows what is deployed: set --state")
	}
	g, err := source.Read(io.Stdin)
	if err != nil {
		return err
	}
	diagram, err := Draw(g)
	if err != nil {
		return err
	}
	if *check == "" {
		_, err := io.Stdout.Write(diagram)
		return err
	}
	drawn, err := os.ReadFile(*check)
	if err != nil {
		return err
	}
	if !bytes.Equal(drawn, diagram) {
		_, _ = fmt.Fprintf(io.Stderr, "%s is not the diagram of the deployed stack %s: %s\n"+
			"Draw it again with make diagram.\n", *check, g.Stack, firstDifference(drawn, diagram))
		return command.ErrNo
	}
	return nil
}

// firstDifference shows the first line that differs.
func firstDifference(file, state []byte) string {
	a, b := bytes.Split(file, []byte("\n")), bytes.Split(state, []byte("\n"))
	for i := range b {
		if i >= len(a) || !bytes.Equal(a[i], b[i]) {
			was := []byte("its end")
			if i < len(a) {
				was = a[i]
			}
			return fmt.Sprintf("line %d is\n  %s\nand should be\n  %s", i+1, was, b[i])
		}
	}
	return "it has more lines"
}

// Draw returns the diagram of a deployed stack.
func Draw(g *graph.Graph) ([]byte, error) {
	g = ordered(g)
	components := newComponents(g)
	request, err := newRequest(g)
	if err != nil {
		return nil, err
	}
	var c canvas
	c.heading("Deployment order of the components")
	c.components(components)
	c.heading("Request path and open ports")
	c.request(request)
	return c.svg(g.Project + " " + g.Stack), nil
}

// ordered is the graph with its resources sorted by URN: in a state their order differs between deployments.
func ordered(g *graph.Graph) *graph.Graph {
	sorted := *g
	sorted.Resources = slices.SortedFunc(slices.Values(g.Resources), func(a, b graph.Resource) int {
		return strings.Compare(a.URN, b.URN)
	})
	return &sorted
}
