package data

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/didomi/serverless-api/internal/config"
)

// Restore is what a generation of the database is created from: one of the two.
type Restore struct {
	// Time is the time to restore to, in RFC 3339, in quotes and whole seconds: "2026-12-02T10:00:00Z".
	Time string `json:"time"`
	// Snapshot is the name or the ARN of a cluster snapshot.
	Snapshot string `json:"snapshot"`
}

// Previous is what happens to the cluster before the present generation.
type Previous string

// The steps of a restore, in their order.
const (
	// Kept leaves it as it is, next to the new cluster.
	Kept Previous = "kept"
	// Retiring removes its protection.
	Retiring Previous = "retiring"
	// Retired deletes it.
	Retired Previous = "retired"
)

// mostGenerations is what the names of instances have space for.
const mostGenerations = 99

// keepsPrevious is whether the stack has the cluster before the present generation too.
func (d Database) keepsPrevious() bool { return d.Previous == Kept || d.Previous == Retiring }

// Clusters is how many clusters the stack has at once.
func (d Database) Clusters() int {
	if d.keepsPrevious() {
		return 2
	}
	return 1
}

// snapshotName matches a name or an ARN of a cluster snapshot. AWS's own snapshots have a prefix and a colon.
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html
var snapshotName = regexp.MustCompile(`^(arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:cluster-snapshot:)?([a-z]+:)?[A-Za-z][A-Za-z0-9-]{0,254}$`)

// generationProblems lists what would lose data or restore nothing. The program does not know which clusters
// exist, so every step of a restore is a value of its own: a raised generation without "previous" would delete
// the source, and one without "restoreFrom" would be created empty.
func (d Database) generationProblems() []config.FieldError {
	if problems := config.Between("generation", d.Generation, 1, mostGenerations); problems != nil {
		return problems
	}
	problems := d.RestoreFrom.formProblems()
	if d.Generation == 1 {
		return append(problems, d.firstProblems()...)
	}
	reject := func(wrong bool, key, value, mustBe string) {
		if wrong {
			problems = append(problems, config.FieldError{Key: key, Value: value, MustBe: mustBe})
		}
	}
	from := d.RestoreFrom
	neither, both := from == Restore{}, from.Time != "" && from.Snapshot != ""
	reject(d.Previous != Kept && d.Previous != Retiring && d.Previous != Retired, "previous", config.Quote(string(d.Previous)),
		fmt.Sprintf("kept, then retiring, then retired (%s): without it the cluster of generation %d would be deleted", restorePage, d.Generation-1))
	reject(d.keepsPrevious() && neither, "restoreFrom", "",
		fmt.Sprintf("an object with time or snapshot while previous is %s: otherwise generation %d would be created empty", d.Previous, d.Generation))
	reject(both, "restoreFrom", "time and snapshot", "one of the two")
	reject(d.Previous == Retired && from.Time != "", "restoreFrom.time", strconv.Quote(from.Time),
		fmt.Sprintf("removed where previous is retired: the cluster of generation %d, its source, is deleted", d.Generation-1))
	return problems
}

// restorePage is named where a message cannot say everything.
const restorePage = "docs/how-to/restore-the-database.md"

// firstProblems lists what the first cluster of a stack cannot have: nothing came before it.
func (d Database) firstProblems() []config.FieldError {
	var problems []config.FieldError
	const next = "unset with generation 1: a restore creates the next generation's cluster next to the present one (" + restorePage + ")"
	for _, set := range []struct{ key, value string }{
		{"previous", string(d.Previous)}, {"restoreFrom.snapshot", d.RestoreFrom.Snapshot}, {"restoreFrom.time", d.RestoreFrom.Time},
	} {
		if set.value != "" {
			problems = append(problems, config.FieldError{Key: set.key, Value: strconv.Quote(set.value), MustBe: next})
		}
	}
	return problems
}

// formProblems lists a time or a snapshot that AWS would not accept in any stack.
func (r Restore) formProblems() []config.FieldError {
	var problems []config.FieldError
	if r.Time != "" {
		at, err := time.Parse(time.RFC3339, r.Time)
		switch {
		case err != nil || at.Nanosecond() != 0:
			problems = append(problems, config.FieldError{
				Key: "restoreFrom.time", Value: strconv.Quote(r.Time),
				MustBe: `a time in RFC 3339, in quotes and whole seconds, such as "2026-12-02T10:00:00Z"`,
			})
		case at.After(time.Now()):
			problems = append(problems, config.FieldError{
				Key: "restoreFrom.time", Value: strconv.Quote(r.Time),
				MustBe: "in the past; it is " + time.Now().UTC().Format(time.RFC3339) + " now",
			})
		}
	}
	if r.Snapshot != "" && !snapshotName.MatchString(r.Snapshot) {
		problems = append(problems, config.FieldError{
			Key: "restoreFrom.snapshot", Value: strconv.Quote(r.Snapshot),
			MustBe: "the name or the ARN of a cluster snapshot: letters, digits and hyphens, a letter first",
		})
	}
	return problems
}

// inUTC has the time in UTC, as the provider requires.
func (r Restore) inUTC() Restore {
	if at, err := time.Parse(time.RFC3339, r.Time); err == nil {
		r.Time = at.UTC().Format(time.RFC3339)
	}
	return r
}
