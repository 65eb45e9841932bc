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

	"github.com/didomi/serverless-api/ops/project"
	"github.com/didomi/serverless-api/sandbox/atomicfile"
	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// Base has the outputs of the bootstrap program: the backend of the stacks' state.
type Base struct {
	StateBucket     string `json:"stateBucket"`
	StateKey        string `json:"stateKey"`
	BackendURL      string `json:"backendUrl"`
	SecretsProvider string `json:"secretsProvider"`
}

// ErrNoBase means that the bootstrap program has not run in this account.
var ErrNoBase = errors.New("the emulated account has no bucket for Pulumi's state yet: make up creates it")

// baseStack is the name of the bootstrap program's only stack.
const baseStack = "main"

func baseFile(l layout.Layout) string { return filepath.Join(l.State(), "base.json") }

// ReadBase reads the kept outputs of bootstrap. It returns ErrNoBase if bootstrap has not run.
func ReadBase(l layout.Layout) (Base, error) {
	var b Base
	content, err := os.ReadFile(baseFile(l))
	if errors.Is(err, os.ErrNotExist) {
		return b, ErrNoBase
	}
	if err != nil {
		return b, fmt.Errorf("read bootstrap's outputs: %w", err)
	}
	if err := json.Unmarshal(content, &b); err != nil {
		return b, fmt.Errorf("read bootstrap's outputs: %w", err)
	}
	return b, nil
}

// Bootstrap runs the bootstrap program in the account as an administrator does: with its own state in a local directory,
// encrypted with a passphrase. It does nothing if bootstrap has already run.
func Bootstrap(ctx context.Context, l layout.Layout, r daemon.Report, region string) (base Base, err error) {
	if base, err := ReadBase(l); !errors.Is(err, ErrNoBase) {
		return base, err
	}
	c, err := newBootstrapCLI(l, r, region)
	if err != nil {
		return Base{}, err
	}
	err = whileBusy(l, "bootstrap", func() error {
		base, err = c.bootstrap(ctx)
		return err
	})
	return base, err
}

// bootstrap creates and deploys the bootstrap program's stack.
func (c cli) bootstrap(ctx context.Context) (Base, error) {
	l := c.layout
	document, _, err := readStackFile(filepath.Join(l.Repo, "bootstrap"), baseStack)
	if err != nil {
		return Base{}, err
	}
	dir := filepath.Join(l.Repo, "bootstrap")
	pulumiProject, err := project.Name(dir)
	if err != nil {
		return Base{}, err
	}
	backend, err := c.create(ctx, dir, baseStack, "passphrase")
	if err != nil {
		return Base{}, err
	}
	file := filepath.Join(l.State(), "Pulumi.bootstrap.yaml")
	if err := writeStackFile(file, pulumiProject, document, backend, baseValues(pulumiProject)); err != nil {
		return Base{}, err
	}
	var out bytes.Buffer
	err = c.run(ctx, dir, &out, "up", "--stack", baseStack, "--config-file", file, "--yes", "--skip-preview", "--suppress-outputs", "--non-interactive", "--color", "never")
	if err != nil {
		return Base{}, fmt.Errorf("run bootstrap: %w\n%s", err, out.String())
	}
	return c.keepBase(ctx, dir, l.GatewayURL())
}

// keepBase reads the outputs of bootstrap, adds the AWS endpoint and writes them to a file, which exists only after a
// complete run.
func (c cli) keepBase(ctx context.Context, project, endpoint string) (Base, error) {
	var out bytes.Buffer
	if err := c.run(ctx, project, &out, "stack", "output", "--stack", baseStack, "--json", "--non-interactive"); err != nil {
		return Base{}, fmt.Errorf("read bootstrap's outputs: %w\n%s", err, out.String())
	}
	var base Base
	if err := json.Unmarshal(out.Bytes(), &base); err != nil {
		return Base{}, fmt.Errorf("read bootstrap's outputs: %w", err)
	}
	base.BackendURL += "&s3ForcePathStyle=true"
	for _, address := range []*string{&base.BackendURL, &base.SecretsProvider} {
		*address += "&endpoint=" + url.QueryEscape(endpoint)
	}
	content, err := json.MarshalIndent(base, "", "  ")
	if err != nil {
		return Base{}, fmt.Errorf("keep bootstrap's outputs: %w", err)
	}
	return base, atomicfile.Write(baseFile(c.layout), content, 0o600)
}
