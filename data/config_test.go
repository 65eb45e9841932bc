package data

import (
	"testing"

	"github.com/didomi/serverless-api/internal/config"
)

func TestTheDefaultsAreFine(t *testing.T) {
	if err := config.Check("data", Default()); err != nil {
		t.Error(err)
	}
}

func TestProblemsSayWhatIsWrongAndWhatIsAllowed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"a recovery that Secrets Manager does not have": {
			func(c *Config) { c.SecretRecoveryDays = 3 },
			`data.secretRecoveryDays is 3; want 0 (no recovery) or a whole number from 7 to 30`,
		},
		"an engine without a minor version": {
			func(c *Config) { c.Database.Version = "16" },
			`data.database.version is "16"; want an Aurora PostgreSQL version from 15 on, major and minor, such as "16.11"`,
		},
		"an engine too old": {
			func(c *Config) { c.Database.Version = "13.4" },
			`data.database.version is "13.4"; want an Aurora PostgreSQL version from 15 on, major and minor, such as "16.11"`,
		},
		"no database": {
			func(c *Config) { c.Database.Name = "" },
			`data.database.name is not set; want a database's name: lower case letters, digits and _, a letter first, 63 at most, none of postgres, rdsadmin, template0, template1`,
		},
		"a database of the engine's own": {
			func(c *Config) { c.Database.Name = "rdsadmin" },
			`data.database.name is "rdsadmin"; want a database's name: lower case letters, digits and _, a letter first, 63 at most, none of postgres, rdsadmin, template0, template1`,
		},
		"a capacity that would pause": {
			func(c *Config) { c.Database.MinCapacity = 0 },
			`data.database.minCapacity is 0; want a multiple of 0.5 from 0.5 to 256`,
		},
		"a capacity between two steps": {
			func(c *Config) { c.Database.MinCapacity = 0.7 },
			`data.database.minCapacity is 0.7; want a multiple of 0.5 from 0.5 to 256`,
		},
		"less at most than at least": {
			func(c *Config) { c.Database.MinCapacity, c.Database.MaxCapacity = 8, 4 },
			`data.database.maxCapacity is 4; want a multiple of 0.5 from 8 to 256`,
		},
		"more capacity than there is": {
			func(c *Config) { c.Database.MaxCapacity = 300 },
			`data.database.maxCapacity is 300; want a multiple of 0.5 from 1 to 256`,
		},
		"too many readers": {
			func(c *Config) { c.Database.Readers = 16 },
			`data.database.readers is 16; want a whole number from 0 to 15`,
		},
		"no backups": {
			func(c *Config) { c.Database.BackupDays = 0 },
			`data.database.backupDays is 0; want a whole number from 1 to 35`,
		},
		"insights for a calendar month": {
			func(c *Config) { c.Database.InsightsDays = 30 },
			`data.database.insightsDays is 30; want 7, a multiple of 31 up to 713, or 731`,
		},
		"a proxy without connections": {
			func(c *Config) { c.Proxy.MaxConnectionsPercent = 0 },
			`data.proxy.maxConnectionsPercent is 0; want a whole number from 1 to 100`,
		},
		"more idle connections than connections": {
			func(c *Config) { c.Proxy.MaxConnectionsPercent, c.Proxy.MaxIdleConnectionsPercent = 40, 50 },
			`data.proxy.maxIdleConnectionsPercent is 50; want a whole number from 0 to 40`,
		},
		"a borrow that waits for ever": {
			func(c *Config) { c.Proxy.BorrowSeconds = 0 },
			`data.proxy.borrowSeconds is 0; want a whole number from 1 to 300`,
		},
		"an idle client of more than eight hours": {
			func(c *Config) { c.Proxy.IdleClientSeconds = 30000 },
			`data.proxy.idleClientSeconds is 30000; want a whole number from 1 to 28800`,
		},
		"the cache version of the seed": {
			func(c *Config) { c.Cache.Version = "5.0.6" },
			`data.cache.version is "5.0.6"; want a Redis OSS version, "7.0" or "7.1"`,
		},
		"a node type of another service": {
			func(c *Config) { c.Cache.NodeType = "db.t4g.micro" },
			`data.cache.nodeType is "db.t4g.micro"; want a node type such as "cache.t4g.micro"`,
		},
		"a cache without shards": {
			func(c *Config) { c.Cache.Shards = 0 },
			`data.cache.shards is 0; want a whole number from 1 to 90`,
		},
		"too many replicas": {
			func(c *Config) { c.Cache.Replicas = 6 },
			`data.cache.replicas is 6; want a whole number from 0 to 5`,
		},
		"snapshots for longer than ElastiCache keeps them": {
			func(c *Config) { c.Cache.SnapshotDays = 36 },
			`data.cache.snapshotDays is 36; want a whole number from 0 to 35`,
		},
		"old versions that go at once": {
			func(c *Config) { c.Bucket.NoncurrentDays = 0 },
			`data.bucket.noncurrentDays is 0; want a whole number from 1 to 3650`,
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
