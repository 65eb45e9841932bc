package query

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/didomi/serverless-api/lambda/contract"
)

func printJSON(w io.Writer, result contract.QueryResult) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// printTable prints a line for the names of the columns and one for each row.
func printTable(w io.Writer, result contract.QueryResult) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	names, lines := make([]string, len(result.Columns)), make([]string, len(result.Columns))
	for i, column := range result.Columns {
		names[i] = printable(column.Name)
		lines[i] = strings.Repeat("-", len([]rune(names[i])))
	}
	_, _ = fmt.Fprintf(table, "%s\n%s\n", strings.Join(names, "\t"), strings.Join(lines, "\t"))
	for _, row := range result.Rows {
		values := make([]string, len(row))
		for i, value := range row {
			values[i] = "NULL"
			if value != nil {
				values[i] = printable(*value)
			}
		}
		_, _ = fmt.Fprintln(table, strings.Join(values, "\t"))
	}
	_, _ = fmt.Fprintf(table, "%d rows, %d ms\n", len(result.Rows), result.Milliseconds)
	if err := table.Flush(); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// printable escapes what is no character of a line: a value could have a terminal's control sequences.
func printable(value string) string {
	var line strings.Builder
	for _, r := range value {
		if strconv.IsPrint(r) {
			line.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRune(r)
		line.WriteString(quoted[1 : len(quoted)-1])
	}
	return line.String()
}
