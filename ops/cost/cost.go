// Package cost estimates a stack's cost of a month: the resources of its graph, counted and multiplied with the prices
// in prices.yaml, under the traffic of traffic.yaml. It needs no network and no account, and lists what it has no price
// for.
package cost

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
)

// options are the command's flags.
type options struct {
	source       graph.Source
	base         string
	set          []string
	architecture string
	json, items  bool
}

// Run is the command.
func Run(_ context.Context, io command.IO, args []string) error {
	var o options
	flags := command.Flags("cost")
	o.source.Register(flags)
	flags.Func("set", "a number that replaces one of ops/cost/traffic.yaml, such as `requests=5e6`; may be repeated", func(s string) error {
		o.set = append(o.set, s)
		return nil
	})
	flags.StringVar(&o.architecture, "architecture", "", "the function's architecture, arm64 or x86_64, where another machine made the preview")
	flags.StringVar(&o.base, "base", "", "`file` with an earlier output of --json, to compare with")
	flags.BoolVar(&o.json, "json", false, "print JSON")
	flags.BoolVar(&o.items, "items", false, "print every line of the sums")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	return o.run(io)
}

func (o options) run(io command.IO) error {
	g, err := o.source.Read(io.Stdin)
	if err != nil {
		return err
	}
	prices, err := loadPrices()
	if err != nil {
		return err
	}
	traffic, err := loadTraffic(o.set)
	if err != nil {
		return err
	}
	r := newReport(g, traffic, prices, o.architecture)
	if o.base != "" {
		base, err := readReport(o.base)
		if err != nil {
			return fmt.Errorf("read the base: %w", err)
		}
		r.Change = r.since(base)
	}
	if !o.json {
		return r.print(io.Stdout, o.items)
	}
	encoder := json.NewEncoder(io.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}
