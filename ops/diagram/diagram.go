// Package diagram draws a deployed stack as SVG, along the two walks of its design: what is built
// after what, and the way of a request. Every box and every arrow is read out of the state; nothing
// that differs between two deployments of the same program is in the picture.
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

// Run is the command: it prints the picture, or compares a file with it.
func Run(_ context.Context, io command.IO, args []string) error {
	var source graph.Source
	flags := command.Flags("diagram")
	source.Register(flags)
	check := flags.String("check", "", "`file` that should hold this picture; nothing is printed")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if source.Preview != "" {
		return command.BadUsage("the picture is of what is deployed: give --state")
	}
	g, err := source.Read(io.Stdin)
	if err != nil {
		return err
	}
	picture, err := Draw(g)
	if err != nil {
		return err
	}
	if *check == "" {
		_, err := io.Stdout.Write(picture)
		return err
	}
	drawn, err := os.ReadFile(*check)
	if err != nil {
		return err
	}
	if !bytes.Equal(drawn, picture) {
		_, _ = fmt.Fprintf(io.Stderr, "%s is not the picture of the deployed stack %s: %s\n"+
			"Draw it anew with make diagram.\n", *check, g.Stack, firstDifference(drawn, picture))
		return command.ErrNo
	}
	return nil
}

// firstDifference shows the first line in which the texts differ.
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

// Draw is the picture of a deployed stack.
func Draw(g *graph.Graph) ([]byte, error) {
	g = ordered(g)
	rooms := newRooms(g)
	request, err := newRequest(g)
	if err != nil {
		return nil, err
	}
	var c canvas
	c.heading("pulumi up: what is built after what")
	c.rooms(rooms)
	c.heading("a request: who may talk to whom")
	c.request(request)
	return c.svg(g.Project + " " + g.Stack), nil
}

// ordered is the graph with its resources by their URNs: a state has them in the order in which they
// happened to be done.
func ordered(g *graph.Graph) *graph.Graph {
	sorted := *g
	sorted.Resources = slices.SortedFunc(slices.Values(g.Resources), func(a, b graph.Resource) int {
		return strings.Compare(a.URN, b.URN)
	})
	return &sorted
}
