package daemon

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/didomi/serverless-api/sandbox/child"
	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
	"github.com/didomi/serverless-api/sandbox/layout"
)

// emulatorStartTimeout bounds the start of ministack.
const emulatorStartTimeout = 90 * time.Second

// keepEmulator starts ministack and restarts it with its state when it ends.
func keepEmulator(ctx context.Context, l layout.Layout, region string, root credentials, key string) (*child.Keeper, error) {
	process, err := startEmulator(ctx, l, region, root, key)
	if err != nil {
		return nil, err
	}
	return child.Keep("ministack", process, func(ctx context.Context) (*child.Process, error) {
		return startEmulator(ctx, l, region, root, key)
	}), nil
}

// startEmulator starts ministack and waits until it responds. root is the access key of the account's root user, which
// ministack reads from its environment. Every request to its port must contain the key.
func startEmulator(ctx context.Context, l layout.Layout, region string, root credentials, key string) (*child.Process, error) {
	dir := filepath.Join(l.Data(), "ministack")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create ministack's directory: %w", err)
	}
	log, err := os.OpenFile(l.Log("ministack"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ministack's log: %w", err)
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	process, err := child.Start(child.Spec{
		Name: "ministack", Path: filepath.Join(l.Venv(), "bin", "python"), Args: []string{filepath.Join(l.Repo, "sandbox", "ministack", "authorize.py"), l.Calls()},
		Dir: dir, Log: log, Env: emulatorEnv(l, dir, region, root, key),
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, emulatorStartTimeout)
	defer cancel()
	if err := process.Await(ctx, func(ctx context.Context) error { return emulatorHealth(ctx, l, key) }); err != nil {
		process.Stop(time.Second)
		return nil, fmt.Errorf("%w (log: %s)", err, log.Name())
	}
	return process, nil
}

func emulatorEnv(l layout.Layout, dir, region string, root credentials, key string) []string {
	return []string{
		child.Marker(l.Root), "PATH=/usr/bin:/bin", "HOME=" + dir, "TMPDIR=" + dir, "LC_ALL=C.UTF-8",
		"PYTHONDONTWRITEBYTECODE=1", "PYTHONUNBUFFERED=1",
		// Memory of large objects returns to the system when it is freed, instead of being kept for later ones, which glibc
		// does up to 32 MiB each (mallopt(3), M_MMAP_THRESHOLD).
		"MALLOC_MMAP_THRESHOLD_=1048576", "MALLOC_ARENA_MAX=2",
		"BIND_HOST=127.0.0.1", "GATEWAY_PORT=" + strconv.Itoa(l.Port+1),
		"MINISTACK_REGION=" + region, "MINISTACK_ACCOUNT_ID=" + layout.Account,
		// Saved while it runs: see savestate.py.
		"PERSIST_STATE=1", "STATE_DIR=" + filepath.Join(dir, "state"), "S3_PERSIST=1", "S3_DATA_DIR=" + filepath.Join(dir, "s3"),
		"EMULATOR_KEY=" + key, "AUTH=true", "AWS_ACCESS_KEY_ID=" + root.id, "AWS_SECRET_ACCESS_KEY=" + root.secret,
		// These listen on all addresses, for services that the stack does not use.
		"IOT_MTLS_ENABLED=0", "SFTP_ENABLED=0",
		// Even with a Docker client, ministack must start no containers: the sandbox has its own data plane.
		"DOCKER_HOST=unix://" + filepath.Join(dir, "no-docker.sock"),
	}
}

// emulatorHealth checks ministack's health.
func emulatorHealth(ctx context.Context, l layout.Layout, key string) error {
	return serves(ctx, "http://"+l.EmulatorAddr()+"/_ministack/health", http.Header{emulator.KeyHeader: {key}})
}
