package preflight

import (
	"encoding/json"
	"fmt"

	"github.com/didomi/serverless-api/ops/command"
)

// print writes what is missing, the warnings and what could not be checked. It fails when anything is missing.
func (o options) print(io command.IO, a *account, found []Finding) error {
	count := map[State]int{}
	for _, f := range found {
		count[f.State]++
	}
	if o.json {
		encoder := json.NewEncoder(io.Stdout)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(found); err != nil {
			return err
		}
	} else {
		for _, state := range []State{Missing, Warning, NotChecked} {
			printState(io, state, found)
		}
	}
	_, _ = fmt.Fprintf(io.Stderr, "preflight of %s in account %s, %s: %d missing, %d warnings, %d not checked, %d ok\n",
		o.stack, a.id, a.region, count[Missing], count[Warning], count[NotChecked], count[OK])
	if count[Missing] > 0 {
		return command.ErrNo
	}
	return nil
}

func printState(io command.IO, state State, found []Finding) {
	for _, f := range found {
		if f.State != state {
			continue
		}
		_, _ = fmt.Fprintf(io.Stdout, "%s: %s: %s\n", f.State, f.Check, f.What)
		if f.Do != "" {
			_, _ = fmt.Fprintf(io.Stdout, "  to do: %s\n", f.Do)
		}
	}
}
