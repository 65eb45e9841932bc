package data

import (
	"strconv"

	"github.com/didomi/serverless-api/internal/config"
)

// Config is the room's part of the stack's configuration, under the key "data".
type Config struct {
	// Protect refuses to delete or replace what holds data, in Pulumi and on AWS.
	Protect bool `json:"protect"`
	// SecretRecoveryDays is how long a deleted secret can be restored: 0 (not at all) or 7 to 30.
	SecretRecoveryDays int `json:"secretRecoveryDays"`

	Database Database `json:"database"`
	Proxy    Proxy    `json:"proxy"`
	Cache    Cache    `json:"cache"`
	Bucket   Bucket   `json:"bucket"`
}

// Database sizes the Aurora PostgreSQL cluster.
type Database struct {
	// Version is the engine's version, "16.6"; its major part picks the parameter groups' family.
	Version string `json:"version"`
	// Name is the database that the application uses.
	Name string `json:"name"`
	// MinCapacity and MaxCapacity are in ACU, 0.5 to 256 in steps of 0.5.
	MinCapacity float64 `json:"minCapacity"`
	MaxCapacity float64 `json:"maxCapacity"`
	// Readers is the number of instances beside the writer, 0 to 15.
	Readers int `json:"readers"`
	// BackupDays is how long automatic backups are kept, 1 to 35 days.
	BackupDays int `json:"backupDays"`
	// FinalSnapshot takes a snapshot when the cluster is deleted.
	FinalSnapshot bool `json:"finalSnapshot"`
	// InsightsDays is how long Performance Insights keeps its data: 7, months of 31 days, or 731.
	InsightsDays int `json:"insightsDays"`
}

// Proxy shares out the cluster's connections.
type Proxy struct {
	// MaxConnectionsPercent is the share of the cluster's max_connections the proxy may open, and
	// MaxIdleConnectionsPercent the share it may keep open unused.
	MaxConnectionsPercent     int `json:"maxConnectionsPercent"`
	MaxIdleConnectionsPercent int `json:"maxIdleConnectionsPercent"`
	// BorrowSeconds is how long a client waits for a connection, 1 to 300 seconds.
	BorrowSeconds int `json:"borrowSeconds"`
	// IdleClientSeconds is when an idle client is cut off, 1 to 28800 seconds.
	IdleClientSeconds int `json:"idleClientSeconds"`
}

// Cache sizes the Redis replication group.
type Cache struct {
	// Version is the engine's version, "7.1"; its major part picks the parameter group's family.
	Version  string `json:"version"`
	NodeType string `json:"nodeType"`
	// Shards is 1 to 90; Replicas is per shard, 0 to 5. With replicas the group fails over across
	// zones.
	Shards   int `json:"shards"`
	Replicas int `json:"replicas"`
	// SnapshotDays is how long daily snapshots are kept, 0 (none) to 35.
	SnapshotDays int `json:"snapshotDays"`
}

// Bucket looks after the large files.
type Bucket struct {
	// NoncurrentDays is how long a replaced or deleted object's old version is kept, at least 1.
	NoncurrentDays int `json:"noncurrentDays"`
	// ForceDestroy deletes the bucket with everything in it; without it a full bucket stays.
	ForceDestroy bool `json:"forceDestroy"`
}

// Default is the configuration of a stack that says nothing about its data: small, and safe.
func Default() Config {
	return Config{
		Protect:            true,
		SecretRecoveryDays: 30,
		Database: Database{
			Version: "16.6", Name: "app", MinCapacity: 0.5, MaxCapacity: 4,
			BackupDays: 30, FinalSnapshot: true, InsightsDays: 7,
		},
		Proxy: Proxy{
			MaxConnectionsPercent: 90, MaxIdleConnectionsPercent: 50,
			BorrowSeconds: 10, IdleClientSeconds: 1800,
		},
		Cache:  Cache{Version: "7.1", NodeType: "cache.t4g.micro", Shards: 1, SnapshotDays: 7},
		Bucket: Bucket{NoncurrentDays: 30},
	}
}

// Problems lists what is wrong outside the nested parts, which answer for themselves.
func (c Config) Problems() []config.Problem {
	if c.SecretRecoveryDays == 0 || (c.SecretRecoveryDays >= 7 && c.SecretRecoveryDays <= 30) {
		return nil
	}
	return []config.Problem{{
		Key: "secretRecoveryDays", Value: strconv.Itoa(c.SecretRecoveryDays),
		Want: "0 (no recovery) or a whole number from 7 to 30",
	}}
}
