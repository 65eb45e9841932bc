package contract

import "time"

// Drill is the event of the function drill.
type Drill struct {
	// Host is the endpoint of the restored cluster, MasterSecret the ARN of its master user's secret.
	Host         string `json:"host"`
	MasterSecret string `json:"masterSecret"`
	// Before is the time up to which rows are compared: shortly before the time that the cluster was restored to.
	Before time.Time `json:"before"`
}

// DrillResult is its response. It has no value of any row.
type DrillResult struct {
	// Migrated are the migrations that the restored database lacked, Version that of its schema after them.
	Migrated []string     `json:"migrated"`
	Version  int          `json:"version"`
	Tables   []DrillTable `json:"tables"`
	// MigrateMilliseconds and CompareMilliseconds are how long the two steps took.
	MigrateMilliseconds int64 `json:"migrateMilliseconds"`
	CompareMilliseconds int64 `json:"compareMilliseconds"`
}

// DrillTable is the comparison of a table: how many rows have no change after Drill.Before, and how they differ.
type DrillTable struct {
	Name string `json:"name"`
	// ByRow is whether rows were compared one by one; otherwise, without a primary key or the column updated_at, all are
	// counted.
	ByRow bool `json:"byRow"`
	// Absent is whether the restored database lacks the table.
	Absent     bool  `json:"absent,omitempty"`
	Production int64 `json:"production"`
	Restored   int64 `json:"restored"`
	// Missing rows are in production alone, Different ones have other values in the restored database. Neither can be: no
	// write since Drill.Before touched them.
	Missing   int64 `json:"missing"`
	Different int64 `json:"different"`
	// Since rows are in the restored database alone: production has changed or deleted them since.
	Since int64 `json:"since"`
	// Newest is when the newest restored row was written; nil: there is none.
	Newest *time.Time `json:"newest,omitempty"`
}

// DrillPrefix begins the names of what a drill creates, which no resource of the program has. The stack's prefix is
// <project>-<stack>.
func DrillPrefix(stack string) string { return stack + "-data-drill-" }
