package review

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
)

// preview is the part of `pulumi preview --json` that is read here.
type preview struct {
	Diagnostics []struct {
		URN      string `json:"urn"`
		Message  string `json:"message"`
		Severity string `json:"severity"`
	} `json:"diagnostics"`
	Summary map[string]int `json:"changeSummary"`
}

// Diagnostics prints a preview's diagnostics, which --json does not print as text.
func Diagnostics(_ context.Context, streams command.IO, args []string) error {
	flags := command.Flags("diagnostics")
	name := flags.String("preview", "", "`file` with what pulumi preview --json prints")
	if err := command.Parse(streams, flags, args); err != nil {
		return err
	}
	text, err := os.ReadFile(*name)
	if err != nil {
		return fmt.Errorf("read the preview: %w", err)
	}
	return show(streams.Stdout, text)
}

// Errors returns the errors of a failed preview; "" where it printed no JSON.
func Errors(text []byte) string {
	var p preview
	if json.Unmarshal(text, &p) != nil {
		return ""
	}
	var all []string
	for _, d := range p.Diagnostics {
		if d.Severity == "error" {
			all = append(all, strings.TrimSpace(d.Message))
		}
	}
	return strings.Join(all, "\n")
}

func show(w io.Writer, text []byte) error {
	var p preview
	if err := json.Unmarshal(text, &p); err != nil {
		return fmt.Errorf("the preview's JSON is incomplete: %.2000s", text)
	}
	for _, d := range p.Diagnostics {
		if d.Severity == "debug" || d.Severity == "info#err" && strings.TrimSpace(d.Message) == "" {
			continue
		}
		name := d.URN[strings.LastIndex(d.URN, "::")+1:]
		if _, err := fmt.Fprintf(w, "%s %s: %s\n", d.Severity, strings.TrimPrefix(name, ":"), strings.TrimSpace(d.Message)); err != nil {
			return err
		}
	}
	summary, err := json.Marshal(p.Summary)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "changes: %s\n", summary)
	return err
}
