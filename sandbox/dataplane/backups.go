package dataplane

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Automated backups are base backups and the WAL that is archived between them. Without a bound they would fill the disk
// in a day of load: after walPerBase a new base backup is taken, and of all only the newest keptBases stay, with the WAL
// since the older one. The time that they cover shrinks accordingly, which EarliestRestorableTime shows.
const (
	walPerBase = 256 << 20 // bytes
	keptBases  = 2
	// basePeriod is the time between two base backups, as on AWS, unless there is more WAL.
	basePeriod = 24 * time.Hour
	// tendInterval is the time between two looks at the size of the archive.
	tendInterval = 5 * time.Second
	// archiveTimeout bounds the wait until the last segment of WAL is archived.
	archiveTimeout = 30 * time.Second
)

// backupLimits bound the automated backups of a cluster.
type backupLimits struct {
	wal      int64 // bytes between two base backups
	interval time.Duration
}

// backups are the automated backups of one cluster.
type backups struct {
	dir      string
	limits   backupLimits
	password string // of the superuser

	files  sync.RWMutex // held for reading while a server is restored, for writing while files are deleted
	taking sync.Mutex   // one base backup at a time

	mu     sync.Mutex
	bases  []base // oldest first
	states []state
	latest time.Time // of a cluster that was deleted; zero: now
	number int       // of base backups that were taken
	server *postgres // nil: the cluster was deleted

	end context.CancelFunc // of tend
}

// base is a base backup.
type base struct {
	dir   string
	first string    // the first segment of WAL that it needs
	since time.Time // at which it was complete
}

// state is the database and the master user that a cluster has since a time.
type state struct {
	since   time.Time
	cluster Cluster
}

// archive is the directory of the archived WAL.
func (b *backups) archive() string { return filepath.Join(b.dir, "wal") }

// at returns what to restore a cluster from to a time.
func (b *backups) at(until time.Time) (base, Cluster, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, newest := range slices.Backward(b.bases) {
		if newest.since.After(until) {
			continue
		}
		of := b.states[0].cluster
		for _, s := range b.states {
			if !s.since.After(until) {
				of = s.cluster
			}
		}
		return newest, of, nil
	}
	return base{}, Cluster{}, fmt.Errorf("no base backup is as old as %s", until.UTC().Format(time.RFC3339Nano))
}

// applied records the database and the master user that the cluster has from now on.
func (b *backups) applied(spec Cluster) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.states = append(b.states, state{time.Now(), spec})
}

// Restorable returns the times between which a cluster can be restored.
func (s *Servers) Restorable(name string) (Window, bool) {
	b := find(s, s.backups, name)
	if b == nil {
		return Window{}, false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.bases) == 0 {
		return Window{}, false
	}
	latest := b.latest
	if latest.IsZero() {
		latest = time.Now()
	}
	return Window{b.bases[0].since, latest}, true
}

// openBackups returns the backups of a new cluster, without any yet.
func (s *Servers) openBackups(name string) (*backups, error) {
	in, user, err := s.in.forPostgres()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(in.Data, 0o711); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	dir := filepath.Join(in.Data, "backups-"+name)
	if err := privateDir(dir, user); err != nil {
		return nil, err
	}
	b := &backups{dir: dir, limits: s.backupLimits}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.backups[name] = b
	return b, nil
}

// keepBackups takes the first base backup, and further ones until the cluster is removed.
func (c *clusterServer) keepBackups(ctx context.Context, spec Cluster) error {
	b := c.backups
	if b == nil {
		return nil
	}
	b.applied(spec)
	if b.end != nil {
		return nil
	}
	b.mu.Lock()
	b.password, b.server = c.postgres.password, c.postgres
	b.mu.Unlock()
	if err := b.take(ctx, c.postgres); err != nil {
		return err
	}
	tending, end := context.WithCancel(context.WithoutCancel(ctx))
	b.end = end
	go b.tend(tending, c)
	return nil
}

// take takes a base backup.
func (b *backups) take(ctx context.Context, pg *postgres) error {
	b.taking.Lock()
	defer b.taking.Unlock()
	b.mu.Lock()
	b.number++
	dir := filepath.Join(b.dir, "base-"+strconv.Itoa(b.number))
	b.mu.Unlock()
	if err := pg.baseBackup(ctx, dir); err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	first, err := firstSegment(dir)
	if err != nil {
		return errors.Join(err, os.RemoveAll(dir))
	}
	b.mu.Lock()
	b.bases = append(b.bases, base{dir, first, time.Now()})
	b.mu.Unlock()
	return nil
}

// baseBackup copies the database of the running server, with the WAL that the copy needs.
func (pg *postgres) baseBackup(ctx context.Context, dir string) error {
	pg.keeper.Settle(ctx)
	server := url.URL{Scheme: "postgres", User: url.User(pgSuperuser), Host: pg.addr.String()}
	err := pg.run(ctx, filepath.Join(pg.in.PostgresHome, "bin", "pg_basebackup"), []string{"PGPASSWORD=" + pg.password},
		"--dbname", server.String(), "--pgdata", dir, "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--no-manifest")
	if err != nil {
		return fmt.Errorf("take a base backup: %w", err)
	}
	return nil
}

var firstSegmentLine = regexp.MustCompile(`(?m)^START WAL LOCATION: \S+ \(file ([0-9A-F]{24})\)$`)

// firstSegment returns the first segment of WAL that a base backup needs.
func firstSegment(dir string) (string, error) {
	label, err := os.ReadFile(filepath.Join(dir, "backup_label"))
	if err != nil {
		return "", fmt.Errorf("read the label of a base backup: %w", err)
	}
	match := firstSegmentLine.FindSubmatch(label)
	if match == nil {
		return "", fmt.Errorf("the label of the base backup in %s names no segment", dir)
	}
	return string(match[1]), nil
}

// archiveAll archives what is committed until now. The transaction that it commits is later than every time that a
// caller can have requested before, so that a recovery ends at that time and not at the end of the WAL, which is an error.
func (pg *postgres) archiveAll(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, archiveTimeout)
	defer cancel()
	pg.keeper.Settle(ctx)
	conn, err := pgx.Connect(ctx, pg.url(pgSuperuser, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	var archive, segment string
	if err := conn.QueryRow(ctx, `SELECT current_setting('basic_archive.archive_directory') FROM pg_current_xact_id()`).Scan(&archive); err != nil {
		return err
	}
	if err := conn.QueryRow(ctx, `SELECT pg_walfile_name(pg_switch_wal() - 1)`).Scan(&segment); err != nil {
		return err
	}
	for {
		if _, err := os.Stat(filepath.Join(archive, segment)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("segment %s is not archived: %w", segment, ctx.Err())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// tend takes base backups and deletes what is no longer needed, until ctx is done.
func (b *backups) tend(ctx context.Context, c *clusterServer) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(b.limits.interval):
		}
		c.mu.Lock()
		pg, days := c.postgres, c.spec.BackupDays
		c.mu.Unlock()
		if b.due() {
			// A server that is being restarted is backed up by the next attempt.
			_ = b.take(ctx, pg)
		}
		_ = b.prune(time.Duration(days) * 24 * time.Hour)
	}
}

// due reports whether a new base backup is to be taken.
func (b *backups) due() bool {
	b.mu.Lock()
	newest := b.bases[len(b.bases)-1]
	b.mu.Unlock()
	size, err := b.archivedSince(newest.first)
	return err == nil && (size >= b.limits.wal || size > 0 && time.Since(newest.since) >= basePeriod)
}

// archivedSince returns the bytes of WAL from a segment on.
func (b *backups) archivedSince(first string) (size int64, err error) {
	entries, err := os.ReadDir(b.archive())
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		if older(entry.Name(), first) {
			continue
		}
		if info, err := entry.Info(); err == nil {
			size += info.Size()
		}
	}
	return size, nil
}

var segmentName = regexp.MustCompile(`^[0-9A-F]{24}`)

// older reports whether an archived file, and not one that is being archived, precedes a segment. Names begin with the
// timeline, which a restored cluster changes once and which says nothing about the order.
func older(name, segment string) bool {
	const timeline = 8
	return segmentName.MatchString(name) && name[timeline:len(segment)] < segment[timeline:]
}

// prune deletes the base backups that are too many or that no time within the retention needs, and the WAL before the
// oldest one.
func (b *backups) prune(retention time.Duration) error {
	b.files.Lock()
	defer b.files.Unlock()
	b.mu.Lock()
	drop := max(0, len(b.bases)-keptBases)
	for drop+1 < len(b.bases) && time.Since(b.bases[drop+1].since) > retention {
		drop++
	}
	dropped := b.bases[:drop]
	b.bases = slices.Clone(b.bases[drop:])
	first := b.bases[0].first
	b.mu.Unlock()
	if len(dropped) == 0 {
		return nil
	}
	var all error
	for _, d := range dropped {
		all = errors.Join(all, os.RemoveAll(d.dir))
	}
	entries, err := os.ReadDir(b.archive())
	if err != nil {
		return errors.Join(all, err)
	}
	for _, entry := range entries {
		if older(entry.Name(), first) {
			all = errors.Join(all, os.Remove(filepath.Join(b.archive(), entry.Name())))
		}
	}
	return all
}

// close ends the backups of a cluster that is deleted. Its last changes are archived by the server as it stops.
func (b *backups) close(latest time.Time) {
	if b.end != nil {
		b.end()
	}
	b.taking.Lock() // a base backup that is being taken ends with its context
	defer b.taking.Unlock()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.latest, b.server = latest, nil
}

// running returns the cluster's server, or nil if the cluster was deleted.
func (b *backups) running() *postgres {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.server
}

// RemoveBackups deletes the backups of a deleted cluster. It does nothing if there are none.
func (s *Servers) RemoveBackups(name string) error {
	b := take(s, s.backups, name)
	if b == nil {
		return nil
	}
	b.files.Lock()
	defer b.files.Unlock()
	if err := os.RemoveAll(b.dir); err != nil {
		return fmt.Errorf("delete the backups %s: %w", name, err)
	}
	return nil
}

// BackUp takes a base backup of a cluster.
func (s *Servers) BackUp(ctx context.Context, cluster string) error {
	c := find(s, s.clusters, cluster)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	b, pg := c.backups, c.postgres
	c.mu.Unlock()
	if b == nil {
		return nil
	}
	return b.take(ctx, pg)
}
