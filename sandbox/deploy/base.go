package deploy

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// Base is what the bootstrap program made in the account: where the stacks
// keep their state.
type Base struct {
	StateBucket     string `json:"stateBucket"`
	StateKey        string `json:"stateKey"`
	BackendURL      string `json:"backendUrl"`
	SecretsProvider string `json:"secretsProvider"`
}

// ErrNoBase says that the bootstrap program has not run in this account.
var ErrNoBase = errors.New("the emulated account has no bucket for Pulumi's state yet: make up makes it")

// baseStack is the name of the bootstrap program's only stack.
const baseStack = "main"

func baseFile(l layout.Layout) string { return filepath.Join(l.State(), "base.json") }

// ReadBase reads what bootstrap made; ErrNoBase when it has not run.
func ReadBase(l layout.Layout) (Base, error) {
	var b Base
	content, err := os.ReadFile(baseFile(l))
	if errors.Is(err, os.ErrNotExist) {
		return b, ErrNoBase
	}
	if err != nil {
		return b, fmt.Errorf("read what bootstrap made: %w", err)
	}
	if err := json.Unmarshal(content, &b); err != nil {
		return b, fmt.Errorf("read what bootstrap made: %w", err)
	}
	return b, nil
}

// Bootstrap runs the bootstrap program in the account, as a person does on the
// first day: with its own state in a folder and a passphrase. What it made
// before is left as it is.
func Bootstrap(ctx context.Context, l layout.Layout, r daemon.Report, region string) (base Base, err error) {
	if base, err := ReadBase(l); !errors.Is(err, ErrNoBase) {
		return base, err
	}
	c, err := newDayZero(l, r, region)
	if err != nil {
		return Base{}, err
	}
	err = whileBusy(l, "bootstrap", func() error {
		base, err = c.bootstrap(ctx)
		return err
	})
	return base, err
}

// bootstrap makes the bootstrap program's stack and brings it up.
func (c cli) bootstrap(ctx context.Context) (Base, error) {
	l := c.layout
	document, _, err := readStackFile(filepath.Join(l.Repo, "bootstrap"), baseStack)
	if err != nil {
		return Base{}, err
	}
	project := filepath.Join(l.Repo, "bootstrap")
	backend, err := c.create(ctx, project, baseStack, "passphrase")
	if err != nil {
		return Base{}, err
	}
	file := filepath.Join(l.State(), "Pulumi.bootstrap.yaml")
	if err := writeStackFile(file, document, backend, baseValues()); err != nil {
		return Base{}, err
	}
	var out bytes.Buffer
	err = c.run(ctx, project, &out, "up", "--stack", baseStack, "--config-file", file, "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive", "--color", "never")
	if err != nil {
		return Base{}, fmt.Errorf("run bootstrap: %w\n%s", err, out.String())
	}
	return c.keepBase(ctx, project, l.GatewayURL())
}

// keepBase reads what bootstrap put out, adds where AWS is, and keeps it. The
// file is there once all is made.
func (c cli) keepBase(ctx context.Context, project, endpoint string) (Base, error) {
	var out bytes.Buffer
	if err := c.run(ctx, project, &out, "stack", "output", "--stack", baseStack, "--json", "--non-interactive"); err != nil {
		return Base{}, fmt.Errorf("read what bootstrap made: %w\n%s", err, out.String())
	}
	var base Base
	if err := json.Unmarshal(out.Bytes(), &base); err != nil {
		return Base{}, fmt.Errorf("read what bootstrap made: %w", err)
	}
	base.BackendURL += "&s3ForcePathStyle=true"
	for _, address := range []*string{&base.BackendURL, &base.SecretsProvider} {
		*address += "&endpoint=" + url.QueryEscape(endpoint)
	}
	content, err := json.MarshalIndent(base, "", "  ")
	if err != nil {
		return Base{}, fmt.Errorf("keep what bootstrap made: %w", err)
	}
	return base, atomicfile.Write(baseFile(c.layout), content, 0o600)
}
