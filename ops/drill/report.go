package drill

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/didomi/serverless-api/lambda/contract"
	"github.com/didomi/serverless-api/ops/command"
)

// Step is how long a step took.
type Step struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// report is the result of a drill.
type report struct {
	Source string `json:"source"`
	// RecoveryPoint is the time whose data was restored, Behind how long before the drill it was, in seconds.
	RecoveryPoint time.Time            `json:"recoveryPoint"`
	Behind        float64              `json:"behindSeconds"`
	ComparedUpTo  time.Time            `json:"comparedUpTo"`
	Steps         []Step               `json:"steps"`
	Result        contract.DrillResult `json:"result"`
	Failures      []string             `json:"failures"`
}

// failures say how the restored database is not as it must be.
func failures(tables []contract.DrillTable) []string {
	found := []string{}
	for _, t := range tables {
		switch {
		case t.Absent:
			found = append(found, fmt.Sprintf("the restored database has no table %s", t.Name))
		case t.Restored == 0 && t.Production > 0:
			found = append(found, fmt.Sprintf("the restored table %s is empty: production has %d rows that it must have", t.Name, t.Production))
		case t.Missing > 0 || t.Different > 0:
			found = append(found, fmt.Sprintf("the restored table %s lacks %d rows and has %d with other values, of %d that no write has touched since",
				t.Name, t.Missing, t.Different, t.Production))
		}
	}
	return found
}

// print prints the report, and fails where there are failures.
func (r report) print(w io.Writer, asJSON bool) error {
	r.Failures = failures(r.Result.Tables)
	var err error
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(r)
	} else {
		err = r.table(w)
	}
	if err != nil {
		return fmt.Errorf("print the report: %w", err)
	}
	if len(r.Failures) > 0 {
		return command.ErrNo
	}
	return nil
}

func (r report) table(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	print := func(format string, values ...any) { _, _ = fmt.Fprintf(table, format, values...) }
	print("source\t%s\n", r.Source)
	print("recovery point\t%s, %s before the drill\n", r.RecoveryPoint.Format(time.RFC3339), (time.Duration(r.Behind) * time.Second).String())
	print("compared up to\t%s\n", r.ComparedUpTo.Format(time.RFC3339))
	print("migrations\tschema %d, %d were missing\n", r.Result.Version, len(r.Result.Migrated))
	total := 0.0
	for _, step := range r.Steps {
		total += step.Seconds
		print("%s\t%.1f s\n", step.Name, step.Seconds)
	}
	print("total\t%.1f s\n\n", total)
	print("table\tproduction\trestored\tmissing\tdifferent\tchanged since\tnewest row\n")
	rows := int64(0)
	for _, t := range r.Result.Tables {
		newest := "none"
		if !t.ByRow {
			newest = "counted only"
		} else if t.Newest != nil {
			newest = t.Newest.UTC().Format(time.RFC3339)
		}
		rows += t.Production
		print("%s\t%d\t%d\t%d\t%d\t%d\t%s\n", t.Name, t.Production, t.Restored, t.Missing, t.Different, t.Since, newest)
	}
	for _, failure := range r.Failures {
		print("FAILED: %s\n", failure)
	}
	switch {
	case len(r.Failures) > 0:
	case rows == 0:
		print("nothing was compared: production has no row from before %s\n", r.ComparedUpTo.Format(time.RFC3339))
	default:
		print("the restored database has every row that no write has touched since\n")
	}
	return table.Flush()
}
