package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/didomi/serverless-api/sandbox/build"
	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// services runs a command together with PostgreSQL and Redis servers, which stop when it ends.
func services(ctx context.Context, l layout.Layout, args []string) (err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return errors.New("services needs a command, for example: sandbox services -- go test ./lambda/handler")
	}
	if err := makeTools(ctx, l, build.Servers(l)); err != nil {
		return err
	}
	// Its own root directory: several may run concurrently, and next to a sandbox.
	dir, err := os.MkdirTemp(l.Root, "services-")
	if err != nil {
		return fmt.Errorf("create the servers' directory: %w", err)
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(dir), dataplane.RemoveOutside(dir))
	}()
	// PostgreSQL may run as another user, who must be able to enter.
	if err := os.Chmod(dir, 0o711); err != nil {
		return fmt.Errorf("make the servers' directory accessible: %w", err)
	}
	in, err := dataplane.Locate(dir, l.Venv())
	if err != nil {
		return err
	}
	authority, err := dataplane.NewAuthority()
	if err != nil {
		return err
	}
	ca := filepath.Join(dir, "ca.pem")
	if err := authority.WriteFile(ca); err != nil {
		return err
	}
	servers, err := dataplane.StartServices(ctx, in, authority)
	if err != nil {
		return fmt.Errorf("start the services: %w", err)
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	return runChild(args, append(append(os.Environ(), servers.Env()...), "TEST_CA_FILE="+ca), "")
}
