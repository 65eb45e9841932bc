package migrate_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/didomi/serverless-api/lambda/internal/testservices"
	"github.com/didomi/serverless-api/lambda/migrate"
	"github.com/didomi/serverless-api/lambda/secrets"
)

// invocationTime is what a function's timeout is, at most.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const invocationTime = 15 * time.Minute

// deployment is what an update invokes, in the order in which it does.
var deployment = []migrate.Event{{Step: "await"}, {Step: "await"}, {}}

// invoke runs one invocation, which Lambda gives its time.
func invoke(t *testing.T, m migrate.Migration, event migrate.Event) (any, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), invocationTime)
	defer stop()
	result, err := m.Handle(ctx, event)
	if ctx.Err() != nil {
		t.Fatal("Lambda ended the invocation before its response")
	}
	return result, err
}

// unavailable puts a proxy before the test's database that has no capacity for so long.
func unavailable(t *testing.T, d *testservices.Database) (begin func(time.Duration)) {
	t.Helper()
	d.Secrets.Set(testservices.AppSecret, secrets.Credentials{Username: "app", Password: "of-all-tests"})
	proxy := through(t, d)
	return func(d time.Duration) {
		proxy.ResetAll()
		time.AfterFunc(d, proxy.Restore)
	}
}

// RDS Proxy: "Proxy target registration typically completes within 10-15 min"; 40 minutes and more have
// been seen over a cluster of 0.5 ACU. The clock is the test's own.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_TargetHealth.html
func TestAFirstDeploymentNeedsNoSecondTry(t *testing.T) {
	for name, after := range map[string]time.Duration{
		"over a proxy that has capacity at once":   0,
		"nor after 12 minutes":                     12 * time.Minute,
		"nor after more than an invocation's time": 22 * time.Minute,
		"nor after 40 minutes":                     40 * time.Minute,
	} {
		t.Run(name, func(t *testing.T) {
			d := testservices.NewDatabase(t)
			begin := unavailable(t, &d)
			synctest.Test(t, func(t *testing.T) {
				begin(after)
				for _, event := range deployment {
					_, err := testservices.Exclusively(t, func(context.Context) (any, error) { return invoke(t, d.Migration, event) })
					if err != nil {
						t.Fatalf("step %q: %v", event.Step, err)
					}
				}
			})
			asApp(t, d)
		})
	}
}

func TestAwaitReportsItsResult(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration
		ready bool
		lines int // of the log
	}{
		"at once where the database is available":                       {0, true, 1},
		"by the minute, and then that it is available":                  {5 * time.Minute, true, 6},
		"by the minute, and no error where the invocation is too short": {time.Hour, false, 16},
	} {
		t.Run(name, func(t *testing.T) {
			d := testservices.NewDatabase(t)
			begin := unavailable(t, &d)
			var log bytes.Buffer
			d.Migration.Log = slog.New(slog.NewTextHandler(&log, nil))
			synctest.Test(t, func(t *testing.T) {
				begin(c.after)
				result, err := invoke(t, d.Migration, migrate.Event{Step: "await"})
				if got, ok := result.(migrate.Readiness); err != nil || !ok || got.Ready != c.ready || got.Ready != (got.Reason == "") {
					t.Errorf("got %+v, %v", result, err)
				}
			})
			if got := strings.Count(log.String(), "\n"); got > c.lines {
				t.Errorf("%d lines, want at most %d:\n%s", got, c.lines, log.String())
			}
			if c.after > 0 && !strings.Contains(log.String(), "RDS Proxy") {
				t.Errorf("the log does not have what is awaited:\n%s", log.String())
			}
		})
	}
}

func TestAMigrationWithoutADatabaseReportsWhatToCheck(t *testing.T) {
	d := testservices.NewDatabase(t)
	begin := unavailable(t, &d)
	synctest.Test(t, func(t *testing.T) {
		begin(time.Hour)
		_, err := invoke(t, d.Migration, migrate.Event{})
		if err == nil || !strings.Contains(err.Error(), "the master user") || !strings.Contains(err.Error(), "describe-db-proxy-targets") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAwaitFailsAtOnceIfWaitingCannotHelp(t *testing.T) {
	d := testservices.NewDatabase(t)
	for name, c := range map[string]struct {
		event migrate.Event
		want  string
	}{
		"with a wrong password": {migrate.Event{Step: "await"}, "the master user"},
		"for an unknown step":   {migrate.Event{Step: "wait"}, `step "wait": must be empty, which migrates, "await" or "purge"`},
	} {
		t.Run(name, func(t *testing.T) {
			d.Secrets.Set(testservices.MasterSecret, secrets.Credentials{Username: "nobody", Password: "hunter2"})
			_, err := invoke(t, d.Migration, c.event)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
