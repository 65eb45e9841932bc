package cost

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/didomi/serverless-api/ops/graph"
)

// Report is an estimate, as --json prints it and --base reads it.
type Report struct {
	Stack     string   `json:"stack"`
	Region    string   `json:"region"`
	Currency  string   `json:"currency"`
	PriceDate string   `json:"priceDate"`
	Traffic   Traffic  `json:"traffic"`
	Parts     []Part   `json:"parts"`
	Fixed     float64  `json:"fixed"`
	PerUse    float64  `json:"perUse"` // of the month's traffic
	Total     float64  `json:"total"`
	Million   float64  `json:"perMillionRequests"`
	Lines     []Line   `json:"lines"`
	Switches  []Switch `json:"switches"`
	// Memory is the part that depends on prices from memory.
	Memory Memory `json:"fromMemory"`
	// Unpriced lists what has no price.
	Unpriced []string `json:"unpriced"`
	Change   *Change  `json:"change,omitempty"`
}

// Part is the sum of a part's lines.
type Part struct {
	Name   string  `json:"name"`
	Fixed  float64 `json:"fixed"`
	PerUse float64 `json:"perUse"`
}

// Change is the difference to an earlier report.
type Change struct {
	Total float64      `json:"total"`
	Parts []PartChange `json:"parts"`
	// SameTraffic is false when the earlier report assumed other traffic or prices.
	SameTraffic bool `json:"sameTraffic"`
}

// PartChange is the cost of a part before and now.
type PartChange struct {
	Name string  `json:"name"`
	Base float64 `json:"base"`
	Now  float64 `json:"now"`
}

// newReport estimates a stack.
func newReport(g *graph.Graph, t Traffic, p Prices, architecture string) Report {
	f := Read(g)
	if architecture != "" && f.Architecture != "" {
		f.Architecture = architecture
	}
	lines, missing := estimate(f, t, p)
	r := Report{
		Stack: g.Stack, Region: p.Region, Currency: p.Currency, PriceDate: p.Date,
		Traffic: t, Lines: lines, Switches: switches(f, t, p), Memory: p.memory(lines),
		Unpriced: append(f.Unpriced, missing...), Parts: parts(lines),
	}
	if f.Region != "" && f.Region != p.Region {
		r.Unpriced = append(r.Unpriced, fmt.Sprintf("the stack is in %s: the prices are those of %s", f.Region, p.Region))
	}
	for _, part := range r.Parts {
		r.Fixed += part.Fixed
		r.PerUse += part.PerUse
	}
	r.Fixed, r.PerUse = cents(r.Fixed), cents(r.PerUse)
	r.Total = cents(r.Fixed + r.PerUse)
	if t.Requests > 0 {
		r.Million = cents(r.PerUse / t.Requests * million)
	}
	return r
}

// parts adds lines up by part, in the lines' order, to whole cents.
func parts(lines []Line) []Part {
	var list []Part
	at := map[string]int{}
	for _, l := range lines {
		i, known := at[l.Part]
		if !known {
			i = len(list)
			at[l.Part] = i
			list = append(list, Part{Name: l.Part})
		}
		if l.Fixed {
			list[i].Fixed += l.USD
		} else {
			list[i].PerUse += l.USD
		}
	}
	for i := range list {
		list[i].Fixed, list[i].PerUse = cents(list[i].Fixed), cents(list[i].PerUse)
	}
	return list
}

// readReport reads what --json printed earlier.
func readReport(path string) (Report, error) {
	var r Report
	content, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, fmt.Errorf("%s is not what ops cost --json prints: %w", path, err)
	}
	return r, nil
}

// since compares part by part; parts that cost the same are left out.
func (r Report) since(base Report) *Change {
	c := &Change{
		Total:       cents(r.Total - base.Total),
		SameTraffic: r.Traffic == base.Traffic && r.PriceDate == base.PriceDate,
	}
	before := map[string]float64{}
	for _, p := range base.Parts {
		before[p.Name] = cents(p.Fixed + p.PerUse)
	}
	for _, p := range r.Parts {
		if now := cents(p.Fixed + p.PerUse); now != before[p.Name] {
			c.Parts = append(c.Parts, PartChange{p.Name, before[p.Name], now})
		}
		delete(before, p.Name)
	}
	for _, p := range base.Parts {
		if was, gone := before[p.Name]; gone {
			c.Parts = append(c.Parts, PartChange{p.Name, was, 0})
		}
	}
	return c
}
