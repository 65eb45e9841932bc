package cost

import (
	"bytes"
	_ "embed" // the price table
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed prices.yaml
var priceTable []byte

// Price is one row of the table.
type Price struct {
	USD  float64 `yaml:"usd"`
	Page string  `yaml:"page"` // the AWS page with the price
	// Seen names the source that the row was compared with. A row without one is from memory.
	Seen string `yaml:"seen"`
}

// Prices is the table: AWS's prices in one region, as compared with the sources on a date.
type Prices struct {
	Region   string            `yaml:"region"`
	Currency string            `yaml:"currency"`
	Date     string            `yaml:"date"`
	Sources  map[string]string `yaml:"sources"`
	Rows     map[string]Price  `yaml:"prices"`
}

// loadPrices reads the table that is part of the program.
func loadPrices() (Prices, error) { return readPrices(priceTable) }

func readPrices(table []byte) (Prices, error) {
	var p Prices
	decoder := yaml.NewDecoder(bytes.NewReader(table))
	decoder.KnownFields(true)
	err := decoder.Decode(&p)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		return p, fmt.Errorf("read the price table: %w", err)
	}
	return p, nil
}

// check rejects sources without a description or a row: such a row would count as compared.
func (p Prices) check() error {
	var problems []string
	used := map[string]bool{}
	for name, row := range p.Rows {
		used[row.Seen] = true
		if row.Seen != "" && p.Sources[row.Seen] == "" {
			problems = append(problems, fmt.Sprintf("%s was seen in %q, which sources does not describe", name, row.Seen))
		}
	}
	for name := range p.Sources {
		if !used[name] {
			problems = append(problems, fmt.Sprintf("no row was seen in the source %q", name))
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	return errors.New(strings.Join(problems, "\n"))
}

// Memory is the part of an estimate that depends on rows without a source.
type Memory struct {
	// Rows are those rows, in the lines' order; Of is the number of all rows used.
	Rows []string `json:"rows"`
	Of   int      `json:"of"`
	USD  float64  `json:"usd"`
}

// memory examines the rows of the lines.
func (p Prices) memory(lines []Line) Memory {
	m := Memory{Rows: []string{}}
	counted := map[string]bool{}
	for _, l := range lines {
		unseen := p.Rows[l.Price].Seen == ""
		if unseen {
			m.USD += l.USD
		}
		if counted[l.Price] {
			continue
		}
		counted[l.Price] = true
		m.Of++
		if unseen {
			m.Rows = append(m.Rows, l.Price)
		}
	}
	m.USD = cents(m.USD)
	return m
}
