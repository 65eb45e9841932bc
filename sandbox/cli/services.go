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

// services runs a command beside servers that live as long as it does.
func services(ctx context.Context, l layout.Layout, args []string) (err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return errors.New("services: say what to run, as in sandbox services -- go test ./lambda/handler")
	}
	if err := makeTools(ctx, l, build.Servers(l)); err != nil {
		return err
	}
	// A root of its own: several may run at once, and beside a sandbox.
	dir, err := os.MkdirTemp(l.Root, "services-")
	if err != nil {
		return fmt.Errorf("make a folder for the servers: %w", err)
	}
	defer func() {
		err = errors.Join(err, os.RemoveAll(dir), dataplane.RemoveOutside(dir))
	}()
	// PostgreSQL may run as another user, who has to get through.
	if err := os.Chmod(dir, 0o711); err != nil {
		return fmt.Errorf("open the servers' folder: %w", err)
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
	return runBeside(args, append(append(os.Environ(), servers.Env()...), "TEST_CA_FILE="+ca), "")
}
