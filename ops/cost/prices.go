package cost

import (
	"bytes"
	_ "embed" // the price table
	"fmt"

	"gopkg.in/yaml.v3"
)

//go:embed prices.yaml
var priceTable []byte

// Price is one row of the table.
type Price struct {
	USD  float64 `yaml:"usd"`
	Page string  `yaml:"page"` // the AWS page that says so
}

// Prices is the table: what AWS asks in one region, as written down on a date.
type Prices struct {
	Region   string           `yaml:"region"`
	Currency string           `yaml:"currency"`
	Date     string           `yaml:"date"`
	Rows     map[string]Price `yaml:"prices"`
}

// loadPrices reads the table that is part of the program.
func loadPrices() (Prices, error) {
	var p Prices
	decoder := yaml.NewDecoder(bytes.NewReader(priceTable))
	decoder.KnownFields(true)
	if err := decoder.Decode(&p); err != nil {
		return p, fmt.Errorf("read the price table: %w", err)
	}
	return p, nil
}
