package data

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/lambda/store/timeouts"
)

// Config is the component's section of the stack's configuration, under the key "data".
type Config struct {
	// Protect prevents AWS from deleting the database, and Pulumi from deleting the cache, the access log, the VPC and its
	// subnets too.
	Protect bool `json:"protect"`
	// AllowDeletion allows a destroy to delete, and a change to replace, the database, the files and the keys
	// that encrypt them. Without it Pulumi rejects that, in every stack.
	AllowDeletion bool `json:"allowDeletion"`
	// SecretRecoveryDays is how long a deleted secret can be restored: 0 (not at all) or 7 to 30.
	SecretRecoveryDays int `json:"secretRecoveryDays"`
	// RotationDays is how often the passwords of the application's users, in the database and in the
	// cache, are changed, in days, 1 to 1000; 0: never. RDS rotates the master user's every seven days by
	// itself.
	RotationDays int `json:"rotationDays"`
	// LogDays is how long the logs of database, proxy and cache are kept, in days.
	LogDays int `json:"logDays"`

	Database Database `json:"database"`
	Proxy    Proxy    `json:"proxy"`
	Cache    Cache    `json:"cache"`
	Bucket   Bucket   `json:"bucket"`
	Copies   Copies   `json:"copies"`
}

// Database sizes the Aurora PostgreSQL cluster.
type Database struct {
	// Version is the engine's version, "16.11"; its major version sets the parameter groups' family.
	Version string `json:"version"`
	// Name is the database that the application uses.
	Name string `json:"name"`
	// MinCapacity and MaxCapacity are in ACU, 0.5 to 256 in steps of 0.5. With a MinCapacity of 0 the
	// cluster pauses while no client is connected.
	MinCapacity float64 `json:"minCapacity"`
	MaxCapacity float64 `json:"maxCapacity"`
	// PauseSeconds is how long the cluster has no connection before it pauses, 300 to 86400.
	PauseSeconds int `json:"pauseSeconds"`
	// Readers is the number of instances that take over from the writer, 0 to 15. Of the functions only query reads from them.
	Readers int `json:"readers"`
	// BackupDays is how long automatic backups are kept, 1 to 35 days.
	BackupDays int `json:"backupDays"`
	// FinalSnapshot creates a snapshot when the cluster is deleted.
	FinalSnapshot bool `json:"finalSnapshot"`
	// InsightsDays is how long Performance Insights keeps its data: 7, months of 31 days, or 731.
	InsightsDays int `json:"insightsDays"`
	// Generation is the number of the present cluster, 1 to 99. A restore raises it by one: the new cluster is
	// created next to the previous one and takes over from it.
	Generation int `json:"generation"`
	// RestoreFrom is what the cluster of a generation after the first is created from. It has no effect on a
	// cluster that exists.
	RestoreFrom Restore `json:"restoreFrom"`
	// Previous is what happens to the cluster of the generation before, as the steps of a restore: kept, then
	// retiring (it loses its protection), then retired (it is deleted). Empty with generation 1.
	Previous Previous `json:"previous"`
}

// Proxy configures RDS Proxy, which pools the cluster's connections.
type Proxy struct {
	// Enabled puts RDS Proxy before the cluster; without it the functions connect to the cluster itself.
	Enabled bool `json:"enabled"`
	// MaxConnectionsPercent is the share of the cluster's max_connections the proxy may open, and
	// MaxIdleConnectionsPercent the share it may keep open unused.
	MaxConnectionsPercent     int `json:"maxConnectionsPercent"`
	MaxIdleConnectionsPercent int `json:"maxIdleConnectionsPercent"`
	// BorrowSeconds is how long a client waits for a connection, 1 to 10 seconds: a write that waits is not in
	// effect yet, and the cache bypasses an item for no longer than that can take.
	BorrowSeconds int `json:"borrowSeconds"`
	// IdleClientSeconds is when an idle client is disconnected, 1 to 28800 seconds.
	IdleClientSeconds int `json:"idleClientSeconds"`
}

// Engine is the cache's engine.
type Engine string

// The engines. An upgrade from Redis to Valkey is in place; there is none from Valkey to Redis.
const (
	Redis  Engine = "redis"
	Valkey Engine = "valkey"
)

// Cache sizes the replication group.
type Cache struct {
	// Engine is redis or valkey, Version one of its versions, "7.1"; together they set the parameter group's
	// family.
	Engine   Engine `json:"engine"`
	Version  string `json:"version"`
	NodeType string `json:"nodeType"`
	// Shards is 1 to 90; Replicas is per shard, 0 to 5. With replicas the group fails over across
	// zones.
	Shards   int `json:"shards"`
	Replicas int `json:"replicas"`
	// SnapshotDays is how long daily snapshots are kept, 1 to 35. 0 is not supported: the provider
	// could not turn them on later (hashicorp/terraform-provider-aws#46326, fixed in 6.48 of the Terraform provider; pulumi-aws v6 has 5.100).
	SnapshotDays int `json:"snapshotDays"`
}

// Bucket configures the bucket of large files.
type Bucket struct {
	// NoncurrentDays is how long a replaced or deleted object's old version is kept, at least 1.
	NoncurrentDays int `json:"noncurrentDays"`
	// ForceDestroy deletes the bucket with everything in it; without it a bucket with objects is not deleted.
	ForceDestroy bool `json:"forceDestroy"`
	// InfrequentDays and ArchiveDays are the ages at which files move to cheaper storage classes, both with
	// millisecond access; 0: never.
	InfrequentDays int `json:"infrequentDays"`
	ArchiveDays    int `json:"archiveDays"`
	// AccessLogDays is how long the log of requests to the bucket is kept; 0: there is none.
	AccessLogDays int `json:"accessLogDays"`
}

// Default is the configuration of a stack that sets nothing about its data: small, and safe.
func Default() Config {
	return Config{
		Protect:            true,
		SecretRecoveryDays: 30,
		RotationDays:       30,
		LogDays:            30,
		Database: Database{
			Version: "16.11", Name: "app", MinCapacity: 0.5, MaxCapacity: 4, PauseSeconds: 300,
			BackupDays: 30, FinalSnapshot: true, InsightsDays: 7, Generation: 1,
		},
		Proxy: Proxy{
			Enabled: true, MaxConnectionsPercent: 90, MaxIdleConnectionsPercent: 50,
			BorrowSeconds: 10, IdleClientSeconds: 1800,
		},
		Cache:  Cache{Engine: Redis, Version: "7.1", NodeType: "cache.t4g.micro", Shards: 1, SnapshotDays: 7},
		Bucket: Bucket{NoncurrentDays: 30},
	}
}

// Validate lists the problems of the fields and between the nested structs, which validate themselves.
func (c Config) Validate() []config.FieldError {
	problems := config.LogRetention("logDays", c.LogDays)
	problems = append(problems, config.Between("rotationDays", c.RotationDays, 0, mostRotationDays)...)
	if c.SecretRecoveryDays != 0 && (c.SecretRecoveryDays < 7 || c.SecretRecoveryDays > 30) {
		problems = append(problems, config.FieldError{
			Key: "secretRecoveryDays", Value: strconv.Itoa(c.SecretRecoveryDays),
			MustBe: "0 (no recovery) or an integer from 7 to 30",
		})
	}
	problems = append(problems, c.pauseProblems()...)
	problems = append(problems, c.copiesProblems()...)
	if !c.Protect {
		return problems
	}
	if !c.Proxy.Enabled {
		problems = append(problems, config.FieldError{
			Key: "proxy.enabled", Value: "false", MustBe: "true where protect is true: many execution environments of the function would use all of the cluster's connections",
		})
	}
	for _, lost := range []struct {
		key, value string
		wrong      bool
		want       string
	}{
		{"allowDeletion", "true", c.AllowDeletion, "false"},
		{"bucket.forceDestroy", "true", c.Bucket.ForceDestroy, "false"},
		{"database.finalSnapshot", "false", !c.Database.FinalSnapshot, "true"},
		{"secretRecoveryDays", "0", c.SecretRecoveryDays == 0, "7 to 30"},
	} {
		if lost.wrong {
			problems = append(problems, config.FieldError{
				Key: lost.key, Value: lost.value, MustBe: lost.want + " where protect is true: otherwise protected data could be lost",
			})
		}
	}
	return problems
}

// firstPausing is the first minor version of each major one that can pause. Later major versions all can.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2.how-it-works.html#aurora-serverless-v2.how-it-works.capacity
var firstPausing = map[string]int{"15": 7, "16": 3}

// pauseProblems lists what prevents a cluster with a minimum capacity of 0 from pausing. RDS Proxy keeps
// connections open.
// https://docs.aws.amazon.com/AmazonRDS/latest/AuroraUserGuide/aurora-serverless-v2-auto-pause.html
func (c Config) pauseProblems() []config.FieldError {
	if c.Database.MinCapacity != 0 {
		return nil
	}
	var problems []config.FieldError
	reject := func(wrong bool, mustBe string) {
		if wrong {
			problems = append(problems, config.FieldError{Key: "database.minCapacity", Value: "0", MustBe: mustBe})
		}
	}
	reject(c.Protect, "at least 0.5 where protect is true: a cluster that pauses delays its first clients")
	reject(c.Proxy.Enabled, "at least 0.5 where proxy.enabled is true: the proxy's connections keep the cluster from pausing")
	version, minor, _ := strings.Cut(c.Database.Version, ".")
	number, err := strconv.Atoi(minor)
	reject(err == nil && number < firstPausing[version],
		fmt.Sprintf("at least 0.5 with version %s, which cannot pause; %s.%d can", c.Database.Version, version, firstPausing[version]))
	return problems
}

// mostRotationDays is the longest interval between two rotations in Secrets Manager.
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
const mostRotationDays = 1000

var (
	postgresVersion = regexp.MustCompile(`^1[5-9]\.\d{1,2}$`)
	databaseName    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	nodeType        = regexp.MustCompile(`^cache\.[a-z0-9]+\.[a-z0-9]+$`)
)

// cacheVersions are the versions of each engine that ElastiCache offers with users, TLS and cluster mode.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
var cacheVersions = map[Engine][]string{
	Redis:  {"7.0", "7.1"},
	Valkey: {"7.2", "8.0", "8.1", "8.2", "9.0", "9.1"},
}

// family is that of the parameter group: redis7, valkey8.
func (c Cache) family() string { return string(c.Engine) + major(c.Version) }

// reservedNames are databases that the engine creates.
var reservedNames = []string{"postgres", "rdsadmin", "template0", "template1"}

// Validate lists the values from which no cluster can be created.
func (d Database) Validate() []config.FieldError {
	var problems []config.FieldError
	if !postgresVersion.MatchString(d.Version) {
		problems = append(problems, config.FieldError{
			Key: "version", Value: config.Quote(d.Version),
			MustBe: `an Aurora PostgreSQL version from 15 on, major and minor, such as "16.11"`,
		})
	}
	if !databaseName.MatchString(d.Name) || slices.Contains(reservedNames, d.Name) {
		problems = append(problems, config.FieldError{
			Key: "name", Value: config.Quote(d.Name),
			MustBe: "a database's name: lower case letters, digits and _, a letter first, 63 at most, none of " +
				strings.Join(reservedNames, ", "),
		})
	}
	problems = append(problems, d.capacityProblems()...)
	problems = append(problems, config.Between("readers", d.Readers, 0, 15)...)
	problems = append(problems, config.Between("backupDays", d.BackupDays, 1, 35)...)
	if months := d.InsightsDays / 31; d.InsightsDays != 7 && d.InsightsDays != 731 &&
		(d.InsightsDays%31 != 0 || months < 1 || months > 23) {
		problems = append(problems, config.FieldError{
			Key: "insightsDays", Value: strconv.Itoa(d.InsightsDays),
			MustBe: "7, a multiple of 31 up to 713, or 731",
		})
	}
	return append(problems, d.generationProblems()...)
}

// The bounds of a Serverless v2 instance, in ACU. With a minimum of 0 it pauses.
const (
	leastCapacity = 0.5
	mostCapacity  = 256
)

func (d Database) capacityProblems() []config.FieldError {
	capacity := func(key string, value, least float64) []config.FieldError {
		want := ""
		if key == "minCapacity" {
			want = "0 (pauses) or "
		}
		if value >= least && value <= mostCapacity && math.Mod(value, 0.5) == 0 || value == 0 && key == "minCapacity" {
			return nil
		}
		return []config.FieldError{{
			Key: key, Value: strconv.FormatFloat(value, 'f', -1, 64),
			MustBe: want + fmt.Sprintf("a multiple of 0.5 from %v to %v", least, mostCapacity),
		}}
	}
	problems := capacity("minCapacity", d.MinCapacity, leastCapacity)
	least := 1.0
	if problems == nil {
		least = max(least, d.MinCapacity)
	}
	problems = append(problems, config.Between("pauseSeconds", d.PauseSeconds, 300, 86400)...)
	return append(problems, capacity("maxCapacity", d.MaxCapacity, least)...)
}

// Validate lists what RDS Proxy would reject.
func (p Proxy) Validate() []config.FieldError {
	problems := config.Between("maxConnectionsPercent", p.MaxConnectionsPercent, 1, 100)
	most := 100
	if problems == nil {
		most = p.MaxConnectionsPercent
	}
	problems = append(problems, config.Between("maxIdleConnectionsPercent", p.MaxIdleConnectionsPercent, 0, most)...)
	problems = append(problems, config.Between("borrowSeconds", p.BorrowSeconds, 1, int(timeouts.Borrow.Seconds()))...)
	return append(problems, config.Between("idleClientSeconds", p.IdleClientSeconds, 1, 28800)...)
}

// Validate lists the values from which no replication group can be created.
func (c Cache) Validate() []config.FieldError {
	problems := config.OneOf("engine", c.Engine, Redis, Valkey)
	if versions, ok := cacheVersions[c.Engine]; ok && !slices.Contains(versions, c.Version) {
		problems = append(problems, config.FieldError{
			Key: "version", Value: config.Quote(c.Version),
			MustBe: "a version of " + string(c.Engine) + `: "` + strings.Join(versions, `", "`) + `"`,
		})
	}
	if !nodeType.MatchString(c.NodeType) {
		problems = append(problems, config.FieldError{
			Key: "nodeType", Value: config.Quote(c.NodeType), MustBe: `a node type such as "cache.t4g.micro"`,
		})
	}
	problems = append(problems, config.Between("shards", c.Shards, 1, 90)...)
	problems = append(problems, config.Between("replicas", c.Replicas, 0, 5)...)
	if problems == nil && c.Shards*(1+c.Replicas) > mostNodes {
		problems = append(problems, config.FieldError{
			Key: "replicas", Value: strconv.Itoa(c.Replicas),
			MustBe: fmt.Sprintf("small enough for %d nodes at most: %d shards of %d nodes are %d",
				mostNodes, c.Shards, 1+c.Replicas, c.Shards*(1+c.Replicas)),
		})
	}
	return append(problems, config.Between("snapshotDays", c.SnapshotDays, 1, 35)...)
}

// mostNodes is the default quota of an account.
// https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/quota-limits.html
const mostNodes = 90

// Validate lists what the bucket's lifecycle would reject.
func (b Bucket) Validate() []config.FieldError {
	problems := config.Between("noncurrentDays", b.NoncurrentDays, 1, 3650)
	problems = append(problems, config.Between("accessLogDays", b.AccessLogDays, 0, 3650)...)
	problems = append(problems, later("infrequentDays", b.InfrequentDays, leastInfrequent, "0 (never) or at least %d days, which S3 requires")...)
	least, want := 1, "0 (never) or at least %d"
	if b.InfrequentDays > 0 {
		least, want = b.InfrequentDays+leastInfrequent, "0 (never) or at least %d, which is 30 days after infrequentDays"
	}
	return append(problems, later("archiveDays", b.ArchiveDays, least, want)...)
}

// leastInfrequent is how many days a file stays in a storage class before S3 moves it to the next one.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
const leastInfrequent = 30

func later(key string, days, least int, want string) []config.FieldError {
	if days == 0 || days >= least {
		return nil
	}
	return []config.FieldError{{Key: key, Value: strconv.Itoa(days), MustBe: fmt.Sprintf(want, least)}}
}
