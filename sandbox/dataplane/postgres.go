package dataplane

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/didomi/serverless-api/sandbox/child"
)

// pgSuperuser owns a server, as on Aurora; no client can log in as it.
const pgSuperuser = "rdsadmin"

// postgresStartTimeout bounds the start of a server, without initdb.
const postgresStartTimeout = 60 * time.Second

// postgres is a running PostgreSQL server without TLS.
type postgres struct {
	addr     netip.AddrPort
	password string // of the superuser
	dir      string
	in       Installation        // as its user can access it
	user     *syscall.Credential // that it runs as
	keeper   *child.Keeper
}

// postgresSpec configures a server.
type postgresSpec struct {
	name      string // in the log file's name and in messages
	superuser string
	addr      netip.AddrPort
	archive   string // directory of the archived WAL, which is created; empty: none is archived
	from      *copied
}

// startPostgres creates a database in a new directory, empty or from a copy of another one's, and starts its server.
func startPostgres(ctx context.Context, in Installation, spec postgresSpec) (*postgres, error) {
	in, user, err := in.forPostgres()
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(in.Data, "postgres-"+spec.name)
	if err := os.RemoveAll(dir); err != nil {
		return nil, fmt.Errorf("clear PostgreSQL's directory: %w", err)
	}
	if err := os.MkdirAll(in.Data, 0o711); err != nil {
		return nil, fmt.Errorf("create the data directory: %w", err)
	}
	if err := privateDir(dir, user); err != nil {
		return nil, err
	}
	pg := &postgres{addr: spec.addr, password: rand.Text(), dir: dir, in: in, user: user}
	process, err := pg.create(ctx, spec)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	pg.keeper = child.Keep("PostgreSQL "+spec.name, process, func(ctx context.Context) (*child.Process, error) {
		if err := pg.clear(ctx); err != nil {
			return nil, err
		}
		return pg.start(ctx, spec)
	})
	return pg, nil
}

// create creates the database and starts its server for the first time.
func (pg *postgres) create(ctx context.Context, spec postgresSpec) (*child.Process, error) {
	if spec.archive != "" {
		if err := privateDir(spec.archive, pg.user); err != nil {
			return nil, err
		}
	}
	create := func() error { return pg.initdb(ctx, spec.superuser) }
	if spec.from != nil {
		create = func() error { return pg.copyFrom(ctx, spec.from) }
	}
	if err := create(); err != nil {
		return nil, err
	}
	return pg.start(ctx, spec)
}

// database is the data directory.
func (pg *postgres) database() string { return filepath.Join(pg.dir, "database") }

func (pg *postgres) initdb(ctx context.Context, superuser string) error {
	passwordFile := filepath.Join(pg.dir, "password")
	if err := os.WriteFile(passwordFile, []byte(pg.password+"\n"), 0o600); err != nil {
		return fmt.Errorf("write PostgreSQL's password: %w", err)
	}
	defer func() { _ = os.Remove(passwordFile) }()
	if err := chown(passwordFile, pg.user); err != nil {
		return err
	}
	err := pg.run(ctx, filepath.Join(pg.in.PostgresHome, "bin", "initdb"), nil,
		"--pgdata", pg.database(), "--username", superuser, "--pwfile", passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale",
		"--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--no-sync",
		// In MB: a restore ends the current segment, whatever it contains, and each is archived as a whole.
		"--wal-segsize", "1",
	)
	if err != nil {
		return fmt.Errorf("create a PostgreSQL database in %s: %w", pg.dir, err)
	}
	return nil
}

// run runs a program to its end as the server's user.
func (pg *postgres) run(ctx context.Context, program string, env []string, args ...string) error {
	var out bytes.Buffer
	process, err := child.Start(child.Spec{
		Name: filepath.Base(program), Path: program, Args: args,
		Dir: pg.dir, Env: append(pg.env(), env...), Log: &out, User: pg.user,
	})
	if err != nil {
		return err
	}
	if err := process.Wait(ctx); err != nil {
		return fmt.Errorf("%w\n%s", err, out.String())
	}
	return pg.allowIAM()
}

func (pg *postgres) env() []string {
	return []string{child.Marker(pg.in.Root), "PATH=/usr/bin:/bin", "LC_ALL=C", "TZ=UTC", "HOME=/", "TMPDIR=" + pg.dir}
}

// clear removes what a killed server has left: its processes, which end by themselves, and the file by which it would find
// that a process with its ID, which may be another one by now, still runs.
func (pg *postgres) clear(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, postgresStartTimeout)
	defer cancel()
	for child.Inside(pg.database()) {
		select {
		case <-ctx.Done():
			return fmt.Errorf("processes of the killed server in %s do not end: %w", pg.database(), ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
	if err := os.Remove(filepath.Join(pg.database(), "postmaster.pid")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove the lock file of the killed server: %w", err)
	}
	return nil
}

// start starts the server and waits until it accepts connections.
func (pg *postgres) start(ctx context.Context, spec postgresSpec) (*child.Process, error) {
	log, err := openLog(pg.in, "postgres-"+spec.name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the child has its own copy
	process, err := child.Start(child.Spec{
		Name: "PostgreSQL " + spec.name, Path: filepath.Join(pg.in.PostgresHome, "bin", "postgres"),
		Args: spec.args(pg.database()), Env: pg.env(), Dir: pg.dir, Log: log, User: pg.user,
		Stop: syscall.SIGINT, Death: syscall.SIGQUIT,
	})
	if err != nil {
		return nil, err
	}
	timeout := postgresStartTimeout
	if spec.from != nil {
		timeout = replayTimeout
	}
	ready, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := process.Await(ready, pg.ping(spec.superuser)); err != nil {
		process.Stop(time.Second)
		return nil, fmt.Errorf("%w (log: %s)", err, log.Name())
	}
	return process, nil
}

// args are the server's command-line arguments.
func (spec postgresSpec) args(database string) []string {
	settings := []string{
		"listen_addresses=" + spec.addr.Addr().String(),
		"port=" + strconv.Itoa(int(spec.addr.Port())),
		"unix_socket_directories=",
		"max_connections=200", "shared_buffers=64MB",
		"password_encryption=scram-sha-256",
		// The data is deleted with the sandbox, so it need not survive a crash of the machine. It survives that of the
		// server: a commit is written to the kernel's cache (synchronous_commit is on).
		"fsync=off", "full_page_writes=off",
		"max_wal_size=256MB", "io_method=sync", "jit=off",
	}
	if spec.archive != "" {
		settings = append(settings, "archive_mode=on", "archive_library=basic_archive", "basic_archive.archive_directory="+spec.archive)
	}
	if spec.from != nil {
		settings = append(settings, spec.from.settings()...)
	}
	args := []string{"-D", database}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	return args
}

func (pg *postgres) ping(user string) func(context.Context) error {
	return func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, pg.url(user, "postgres"))
		if err != nil {
			return err
		}
		return conn.Close(ctx)
	}
}

// url is the connection string of a user with the superuser's password.
func (pg *postgres) url(user, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, pg.password),
		Host: pg.addr.String(), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// stop stops the server and deletes its data.
func (pg *postgres) stop() error {
	pg.keeper.Stop(10 * time.Second)
	if err := os.RemoveAll(pg.dir); err != nil {
		return fmt.Errorf("delete PostgreSQL's data: %w", err)
	}
	return nil
}

// openLog opens a server's log file for appending.
func openLog(in Installation, name string) (*os.File, error) {
	if err := os.MkdirAll(in.Logs, 0o755); err != nil {
		return nil, fmt.Errorf("create the log directory: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(in.Logs, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open a server's log: %w", err)
	}
	return log, nil
}
