package dataplane

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// replayTimeout bounds the start of a server from a copy: it replays what was archived since the base backup.
const replayTimeout = 5 * time.Minute

// copied is a data directory from which a new server starts.
type copied struct {
	dir      string
	password string // of the superuser
	// archive and until have the server replay archived WAL up to a time; empty: it starts with the copy as it is.
	archive string
	until   time.Time
}

// copyFrom creates the data directory as a copy.
func (pg *postgres) copyFrom(ctx context.Context, from *copied) error {
	program, err := exec.LookPath("cp")
	if err != nil {
		return fmt.Errorf("restore a database: %w", err)
	}
	if err := pg.run(ctx, program, nil, "-R", "-p", from.dir, pg.database()); err != nil {
		return fmt.Errorf("copy the data to restore: %w", err)
	}
	pg.password = from.password
	for _, left := range []string{"postmaster.pid", "postmaster.opts"} {
		if err := os.Remove(filepath.Join(pg.database(), left)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("restore a database: %w", err)
		}
	}
	if from.archive == "" {
		return nil
	}
	signal := filepath.Join(pg.database(), "recovery.signal")
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return fmt.Errorf("restore a database: %w", err)
	}
	return chown(signal, pg.user)
}

// settings have the server replay WAL. They have no effect once it has: the server has then removed the signal file.
// https://www.postgresql.org/docs/18/runtime-config-wal.html#RUNTIME-CONFIG-WAL-RECOVERY-TARGET
func (c *copied) settings() []string {
	if c.archive == "" {
		return nil
	}
	return []string{
		"restore_command=cp " + shellQuote(strings.ReplaceAll(c.archive, "%", "%%")) + "/%f %p",
		"recovery_target_time=" + c.until.UTC().Format("2006-01-02 15:04:05.999999+00"),
		"recovery_target_action=promote",
		"hot_standby=off", // no client sees the data before that time
	}
}

// shellQuote quotes an argument of a shell's command.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// RestoreCluster serves a new cluster with the data of a backup.
func (s *Servers) RestoreCluster(ctx context.Context, spec Cluster, from Source) (Cluster, netip.AddrPort, error) {
	c := entry(s, s.clusters, spec.ID)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tlsProxy != nil {
		return spec, netip.AddrPort{}, fmt.Errorf("restore cluster %s: it exists", spec.ID)
	}
	restore := func(source *copied, of Cluster) error {
		spec.Database, spec.MasterUser, spec.MasterPassword = of.Database, of.MasterUser, of.MasterPassword
		return s.startCluster(ctx, c, spec, source)
	}
	var err error
	if from.Snapshot != "" {
		err = s.fromSnapshot(from.Snapshot, restore)
	} else {
		err = s.toTime(ctx, from.Backups, from.Time, restore)
	}
	if err != nil {
		return spec, netip.AddrPort{}, fmt.Errorf("restore cluster %s: %w", spec.ID, err)
	}
	c.spec = spec
	if err := c.keepBackups(ctx, spec); err != nil {
		return spec, netip.AddrPort{}, err
	}
	return spec, c.tlsProxy.addr(), nil
}

// toTime restores the newest base backup before the time, with the WAL up to it.
func (s *Servers) toTime(ctx context.Context, name string, until time.Time, restore func(*copied, Cluster) error) error {
	b := find(s, s.backups, name)
	if b == nil {
		return fmt.Errorf("there are no backups %s", name)
	}
	if running := b.running(); running != nil {
		if err := running.archiveAll(ctx); err != nil {
			return fmt.Errorf("archive the source's last changes: %w", err)
		}
	}
	b.files.RLock()
	defer b.files.RUnlock()
	base, of, err := b.at(until)
	if err != nil {
		return err
	}
	return restore(&copied{dir: base.dir, password: b.password, archive: b.archive(), until: until}, of)
}
