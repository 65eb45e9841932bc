package data

import (
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
)

func TestTheDefaultsAreValid(t *testing.T) {
	if err := config.Check("data", Default()); err != nil {
		t.Error(err)
	}
}

func TestErrorsNameTheWrongValueAndTheAllowedOnes(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"an engine too old": {
			func(c *Config) { c.Database.Version = "13.4" },
			`data.database.version is "13.4"; must be an Aurora PostgreSQL version from 15 on, major and minor, such as "16.11"`,
		},
		"no database": {
			func(c *Config) { c.Database.Name = "" },
			`data.database.name is not set; must be a database's name: lower case letters, digits and _, a letter first, 63 at most, none of postgres, rdsadmin, template0, template1`,
		},
		"a database that the engine creates": {
			func(c *Config) { c.Database.Name = "rdsadmin" },
			`data.database.name is "rdsadmin"; must be a database's name: lower case letters, digits and _, a letter first, 63 at most, none of postgres, rdsadmin, template0, template1`,
		},
		"a protected database without a proxy": {
			func(c *Config) { c.Proxy.Enabled = false },
			`data.proxy.enabled is false; must be true where protect is true: many execution environments of the function would use all of the cluster's connections`,
		},
		"a version that cannot pause": {
			func(c *Config) {
				c.Protect, c.Proxy.Enabled, c.Database.MinCapacity, c.Database.Version = false, false, 0, "16.2"
			},
			`data.database.minCapacity is 0; must be at least 0.5 with version 16.2, which cannot pause; 16.3 can`,
		},
		"a pause that is too soon": {
			func(c *Config) { c.Database.PauseSeconds = 60 },
			`data.database.pauseSeconds is 60; must be an integer from 300 to 86400`,
		},
		"a capacity below any": {
			func(c *Config) { c.Database.MinCapacity = -1 },
			`data.database.minCapacity is -1; must be 0 (pauses) or a multiple of 0.5 from 0.5 to 256`,
		},
		"a capacity between two steps": {
			func(c *Config) { c.Database.MinCapacity = 0.7 },
			`data.database.minCapacity is 0.7; must be 0 (pauses) or a multiple of 0.5 from 0.5 to 256`,
		},
		"more capacity than there is": {
			func(c *Config) { c.Database.MaxCapacity = 300 },
			`data.database.maxCapacity is 300; must be a multiple of 0.5 from 1 to 256`,
		},
		"insights for a calendar month": {
			func(c *Config) { c.Database.InsightsDays = 30 },
			`data.database.insightsDays is 30; must be 7, a multiple of 31 up to 713, or 731`,
		},
		"a proxy without connections": {
			func(c *Config) { c.Proxy.MaxConnectionsPercent = 0 },
			`data.proxy.maxConnectionsPercent is 0; must be an integer from 1 to 100`,
		},
		"a borrow that waits for longer than the cache expects of a write": {
			func(c *Config) { c.Proxy.BorrowSeconds = 11 },
			`data.proxy.borrowSeconds is 11; must be an integer from 1 to 10`,
		},
		"an idle client of more than eight hours": {
			func(c *Config) { c.Proxy.IdleClientSeconds = 30000 },
			`data.proxy.idleClientSeconds is 30000; must be an integer from 1 to 28800`,
		},
		"the cache version of the seed": {
			func(c *Config) { c.Cache.Version = "5.0.6" },
			`data.cache.version is "5.0.6"; must be a version of redis: "7.0", "7.1"`,
		},
		"an engine that ElastiCache has and the function does not speak": {
			func(c *Config) { c.Cache.Engine = "memcached" },
			`data.cache.engine is "memcached"; must be one of redis, valkey`,
		},
		"Valkey in a version of Redis": {
			func(c *Config) { c.Cache.Engine = Valkey },
			`data.cache.version is "7.1"; must be a version of valkey: "7.2", "8.0", "8.1", "8.2", "9.0", "9.1"`,
		},
		"Redis in a version of Valkey": {
			func(c *Config) { c.Cache.Version = "8.0" },
			`data.cache.version is "8.0"; must be a version of redis: "7.0", "7.1"`,
		},
		"shards and replicas that are too many together": {
			func(c *Config) { c.Cache.Shards, c.Cache.Replicas = 40, 2 },
			`data.cache.replicas is 2; must be small enough for 90 nodes at most: 40 shards of 3 nodes are 120`,
		},
		"a retention that CloudWatch does not have": {
			func(c *Config) { c.LogDays = 31 },
			`data.logDays is 31; must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653`,
		},
		"protected data that may be deleted": {
			func(c *Config) { c.AllowDeletion = true },
			`data.allowDeletion is true; must be false where protect is true: otherwise protected data could be lost`,
		},
		"a protected bucket that is deleted with its files": {
			func(c *Config) { c.Bucket.ForceDestroy = true },
			`data.bucket.forceDestroy is true; must be false where protect is true: otherwise protected data could be lost`,
		},
		"a protected database without a final snapshot": {
			func(c *Config) { c.Database.FinalSnapshot = false },
			`data.database.finalSnapshot is false; must be true where protect is true: otherwise protected data could be lost`,
		},
		"protected data without a recovery window of secrets": {
			func(c *Config) { c.SecretRecoveryDays = 0 },
			`data.secretRecoveryDays is 0; must be 7 to 30 where protect is true: otherwise protected data could be lost`,
		},
		"files that move earlier than S3 allows": {
			func(c *Config) { c.Bucket.InfrequentDays = 7 },
			`data.bucket.infrequentDays is 7; must be 0 (never) or at least 30 days, which S3 requires`,
		},
		"an archive too soon after infrequentDays": {
			func(c *Config) { c.Bucket.InfrequentDays, c.Bucket.ArchiveDays = 60, 80 },
			`data.bucket.archiveDays is 80; must be 0 (never) or at least 90, which is 30 days after infrequentDays`,
		},
		"an archive in the past": {
			func(c *Config) { c.Bucket.ArchiveDays = -1 },
			`data.bucket.archiveDays is -1; must be 0 (never) or at least 1`,
		},
		"an access log of no time": {
			func(c *Config) { c.Bucket.AccessLogDays = -1 },
			`data.bucket.accessLogDays is -1; must be an integer from 0 to 3650`,
		},
		"a restore of a stack's first cluster": {
			func(c *Config) { c.Database.RestoreFrom.Time = "2026-12-02T10:00:00Z" },
			`data.database.restoreFrom.time is "2026-12-02T10:00:00Z"; must be unset with generation 1: a restore creates the next generation's cluster next to the present one (docs/how-to/restore-the-database.md)`,
		},
		"a raised generation that forgets the source": {
			func(c *Config) { c.Database.Generation = 2 },
			`data.database.previous is not set; must be kept, then retiring, then retired (docs/how-to/restore-the-database.md): without it the cluster of generation 1 would be deleted`,
		},
		"a raised generation that would be empty": {
			func(c *Config) { c.Database.Generation, c.Database.Previous = 2, Kept },
			`data.database.restoreFrom is not set; must be an object with time or snapshot while previous is kept: otherwise generation 2 would be created empty`,
		},
		"a restore from two places": {
			func(c *Config) {
				*c = restored(Kept)
				c.Database.RestoreFrom.Snapshot = "before-the-migration"
			},
			`data.database.restoreFrom is time and snapshot; must be one of the two`,
		},
		"a restore to a time from a deleted cluster": {
			func(c *Config) {
				*c = restored(Retired)
				c.Database.RestoreFrom.Time = "2026-12-02T10:00:00Z"
			},
			`data.database.restoreFrom.time is "2026-12-02T10:00:00Z"; must be removed where previous is retired: the cluster of generation 1, its source, is deleted`,
		},
		"a restore to a time without a zone": {
			func(c *Config) { *c = restored(Kept); c.Database.RestoreFrom.Time = "2026-12-02 10:00:00" },
			`data.database.restoreFrom.time is "2026-12-02 10:00:00"; must be a time in RFC 3339, in quotes and whole seconds, such as "2026-12-02T10:00:00Z"`,
		},
		"a restore to a part of a second, which RDS does not know": {
			func(c *Config) { *c = restored(Kept); c.Database.RestoreFrom.Time = "2026-12-02T10:00:00.5Z" },
			`data.database.restoreFrom.time is "2026-12-02T10:00:00.5Z"; must be a time in RFC 3339, in quotes and whole seconds, such as "2026-12-02T10:00:00Z"`,
		},
		"a restore from no snapshot": {
			func(c *Config) {
				*c = restored(Kept)
				c.Database.RestoreFrom = Restore{Snapshot: "arn:aws:rds:eu-west-1:123456789012:snapshot:of-an-instance"}
			},
			`data.database.restoreFrom.snapshot is "arn:aws:rds:eu-west-1:123456789012:snapshot:of-an-instance"; must be the name or the ARN of a cluster snapshot: letters, digits and hyphens, a letter first`,
		},
		"a generation before the first": {
			func(c *Config) { c.Database.Generation = 0 },
			`data.database.generation is 0; must be an integer from 1 to 99`,
		},
		"an unknown step of a restore": {
			func(c *Config) { *c = restored(Kept); c.Database.Previous = "deleted" },
			`data.database.previous is "deleted"; must be kept, then retiring, then retired (docs/how-to/restore-the-database.md): without it the cluster of generation 1 would be deleted`,
		},
		"a longer retention than ElastiCache's for snapshots": {
			func(c *Config) { c.Cache.SnapshotDays = 36 },
			`data.cache.snapshotDays is 36; must be an integer from 1 to 35`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			settings := Default()
			c.change(&settings)
			err := config.Check("data", settings)
			want := "1 problem in the stack's configuration, nothing was registered:\n  " + c.want
			if err == nil || err.Error() != want {
				t.Errorf("got %v\nwant %s", err, want)
			}
		})
	}
}

func TestARestoreToTheFutureIsRejected(t *testing.T) {
	c := restored(Kept)
	c.Database.RestoreFrom.Time = "2999-01-01T00:00:00Z"
	err := config.Check("data", c)
	if err == nil || !strings.Contains(err.Error(), `data.database.restoreFrom.time is "2999-01-01T00:00:00Z"; must be in the past; it is 20`) {
		t.Errorf("got %v", err)
	}
}

func TestSnapshotsOfAnyOriginAreAccepted(t *testing.T) {
	for _, name := range []string{
		"before-the-migration", "rds:didomi-prod-data-cluster-0a1b2c3d-2026-12-02-02-05", "awsbackup:job-0a1b2c3d",
		"arn:aws:rds:eu-west-1:123456789012:cluster-snapshot:rds:didomi-prod-data-cluster-2-0a1b2c3d-2026-12-02-02-05",
	} {
		c := restored(Retired)
		c.Database.RestoreFrom.Snapshot = name
		if err := config.Check("data", c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
