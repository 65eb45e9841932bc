package deploy

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// event has the used fields of an event in the CLI's event log.
type event struct {
	Diagnostic *struct {
		URN      string `json:"urn"`
		Message  string `json:"message"`
		Severity string `json:"severity"`
	} `json:"diagnosticEvent"`
	Started *struct {
		Metadata metadata `json:"metadata"`
	} `json:"resourcePreEvent"`
	Done *struct {
		Metadata metadata `json:"metadata"`
	} `json:"resOutputsEvent"`
	Failed *struct {
		Metadata metadata `json:"metadata"`
	} `json:"resOpFailedEvent"`
}

type metadata struct {
	Op   string `json:"op"`
	URN  string `json:"urn"`
	Type string `json:"type"`
}

// Progress is the progress of a run of the CLI.
type Progress struct {
	Done    int            // resources that need no further change
	Changed map[string]int // of these, by operation: "create", "update", ...
	Failed  int

	errors  []diagnostic
	running []metadata
}

// String summarizes the progress and names the operation that has been running longest.
func (p *Progress) String() string {
	text := fmt.Sprintf("%d resources", p.Done)
	for _, op := range []string{"create", "update", "replace", "delete"} {
		if n := p.Changed[op]; n > 0 {
			text += fmt.Sprintf(", %d %sd", n, op)
		}
	}
	for _, m := range p.running {
		// Components and the stack itself only wait for their children.
		if strings.HasPrefix(m.Type, "aws:") {
			return text + ", now " + title(m)
		}
	}
	return text
}

// title is a short name of a resource: the last segment of its type, and its name.
func title(m metadata) string {
	kind := m.Type[strings.LastIndex(m.Type, ":")+1:]
	name := m.URN[strings.LastIndex(m.URN, "::")+1:]
	return strings.TrimPrefix(kind+" "+strings.TrimPrefix(name, ":"), " ")
}

// Read reads the events that were added to the log since the last call. It keeps an incomplete line in rest.
func (p *Progress) Read(r *bufio.Reader, rest *[]byte) error {
	for {
		line, err := r.ReadBytes('\n')
		*rest = append(*rest, line...)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read Pulumi's events: %w", err)
		}
		var e event
		if err := json.Unmarshal(*rest, &e); err != nil {
			return fmt.Errorf("read one of Pulumi's events: %w", err)
		}
		*rest = (*rest)[:0]
		p.take(e)
	}
}

func (p *Progress) take(e event) {
	switch {
	case e.Diagnostic != nil && e.Diagnostic.Severity == "error":
		p.errors = append(p.errors, newDiagnostic(e.Diagnostic.URN, e.Diagnostic.Message))
	case e.Started != nil && e.Started.Metadata.Op != "same":
		p.running = append(p.running, e.Started.Metadata)
	case e.Done != nil && p.finish(metadata{Op: "refresh", URN: e.Done.Metadata.URN}):
		// A refresh comes first. Its end event has the operation that it found necessary.
	case e.Done != nil:
		p.Done++
		if op := e.Done.Metadata.Op; op != "same" {
			if p.Changed == nil {
				p.Changed = map[string]int{}
			}
			p.Changed[op]++
		}
		p.finish(e.Done.Metadata)
	case e.Failed != nil:
		p.Failed++
		p.finish(e.Failed.Metadata)
	}
}

// finish removes a running operation and reports whether there was one.
func (p *Progress) finish(m metadata) bool {
	for i, other := range p.running {
		if other.URN == m.URN && other.Op == m.Op {
			p.running = append(p.running[:i], p.running[i+1:]...)
			return true
		}
	}
	return false
}
