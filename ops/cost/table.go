package cost

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// leftOut are costs without a row, listed so that the sum is not mistaken for the bill.
const leftOut = "Not in the sum: free tiers, savings plans, support and tax; traffic between zones; snapshots beyond\n" +
	"the free ones; calls to Secrets Manager, KMS and SNS; deployments, migrations and rotations.\n"

// print writes the report as text; with items, every line with quantity and price row.
func (r Report) print(w io.Writer, items bool) error {
	var text strings.Builder
	fmt.Fprintf(&text, "%s, a month of %s requests, prices in %s of %s as of %s\n\n",
		r.Stack, inWords(r.Traffic.Requests), r.Currency, r.Region, r.PriceDate)
	r.printParts(&text)
	if items {
		r.printLines(&text)
	}
	r.printSwitches(&text)
	r.printChange(&text)
	text.WriteString(r.Memory.line(r.Total))
	for _, what := range r.Unpriced {
		fmt.Fprintf(&text, "NOT PRICED  %s\n", what)
	}
	fmt.Fprintf(&text, "%s", leftOut)
	_, err := io.WriteString(w, text.String())
	return err
}

func (r Report) printParts(text *strings.Builder) {
	row := func(name, fixed, perUse, sum string) {
		fmt.Fprintf(text, "%-18s%10s%12s%10s\n", name, fixed, perUse, sum)
	}
	row("part", "fixed", "by traffic", "month")
	for _, p := range r.Parts {
		row(p.Name, money(p.Fixed), money(p.PerUse), money(p.Fixed+p.PerUse))
	}
	row("sum", money(r.Fixed), money(r.PerUse), money(r.Total))
	fmt.Fprintf(text, "\nOn top of the fixed costs, a million requests of this mix cost %s on average.\n\n", money(r.Million))
}

func columns(text *strings.Builder) *tabwriter.Writer {
	return tabwriter.NewWriter(text, 0, 0, 2, ' ', 0)
}

func (r Report) printLines(text *strings.Builder) {
	w := columns(text)
	_, _ = fmt.Fprintln(w, "part\titem\tquantity\tprice row\tmonth")
	for _, l := range r.Lines {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%.6g\t%s\t%s\n", l.Part, l.Item, l.Quantity, l.Price, money(l.USD))
	}
	_ = w.Flush()
	text.WriteString("\n")
}

func (r Report) printSwitches(text *strings.Builder) {
	w := columns(text)
	_, _ = fmt.Fprintln(w, "switch\tnow\tother values, change of the month")
	for _, s := range r.Switches {
		var options []string
		for _, o := range s.Options {
			options = append(options, o.Value+" "+signed(o.Change))
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\n", s.Key, s.Now, strings.Join(options, ",  "))
	}
	_ = w.Flush()
	text.WriteString("\n")
}

func (r Report) printChange(text *strings.Builder) {
	if r.Change == nil {
		return
	}
	if !r.Change.SameTraffic {
		text.WriteString("The base assumed other traffic or prices.\n")
	}
	row := func(name, base, now, change string) {
		fmt.Fprintf(text, "%-18s%10s%10s%10s\n", name, base, now, change)
	}
	row("part", "base", "now", "change")
	for _, p := range r.Change.Parts {
		row(p.Name, money(p.Base), money(p.Now), signed(p.Now-p.Base))
	}
	row("sum", "", money(r.Total), signed(r.Change.Total))
	text.WriteString("\n")
}

// fewRows is how many rows a line names at most.
const fewRows = 8

// line reports how many prices were compared with no source, and the share of the sum that depends on them.
func (m Memory) line(total float64) string {
	if m.Of == 0 {
		return ""
	}
	if len(m.Rows) == 0 {
		return fmt.Sprintf("The %d price rows used were all compared with a source.\n", m.Of)
	}
	which := "those without seen in ops/cost/prices.yaml"
	if len(m.Rows) <= fewRows {
		which = strings.Join(m.Rows, ", ")
	}
	share := 0.0
	if total > 0 {
		share = 100 * m.USD / total
	}
	return fmt.Sprintf("FROM MEMORY %d of the %d price rows used, %.0f %% of the sum: %s\n", len(m.Rows), m.Of, share, which)
}

func money(usd float64) string { return fmt.Sprintf("%.2f", usd) }

func signed(usd float64) string { return fmt.Sprintf("%+.2f", usd) }

// inWords writes large numbers in millions and thousands.
func inWords(n float64) string {
	switch {
	case n >= million:
		return fmt.Sprintf("%.4g million", n/million)
	case n >= thousand:
		return fmt.Sprintf("%.4g thousand", n/thousand)
	default:
		return fmt.Sprintf("%g", n)
	}
}
