package page

import (
	"bytes"
	"context"
	"fmt"
	"net/http"

	"github.com/didomi/serverless-api/ops/diagram"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// diagram draws the stack's state as ops diagram does.
func (p *page) diagram(w http.ResponseWriter, r *http.Request) {
	drawing, err := p.draw(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	// The drawing has a style of its own.
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = w.Write(drawing) // the client may have disconnected
}

func (p *page) draw(r *http.Request) ([]byte, error) {
	s, err := p.stack(r)
	if err != nil {
		return nil, err
	}
	state, err := p.export(r.Context(), s.Outputs)
	if err != nil {
		return nil, err
	}
	g, err := graph.FromState(bytes.NewReader(state))
	if err != nil {
		return nil, fmt.Errorf("read the state of stack %s: %w", s.Stack, err)
	}
	return diagram.Draw(g)
}

// exportState reads the state of a stack with the Pulumi CLI.
func exportState(l layout.Layout) func(context.Context, deploy.Outputs) ([]byte, error) {
	return func(ctx context.Context, out deploy.Outputs) ([]byte, error) {
		base, err := deploy.ReadBase(l)
		if err != nil {
			return nil, err
		}
		s := deploy.Stack{Name: out.Stack, Region: out.Region, Layout: l, Base: base}
		var state bytes.Buffer
		if err := s.Run(ctx, &state, out.Env, "stack", "export", "--stack", out.Stack, "--non-interactive"); err != nil {
			return nil, fmt.Errorf("export the state of stack %s: %w: %s", out.Stack, err, state.String())
		}
		return state.Bytes(), nil
	}
}
