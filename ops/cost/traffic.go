package cost

import (
	"bytes"
	_ "embed" // the assumed traffic
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

//go:embed traffic.yaml
var assumedTraffic []byte

// Traffic is the assumed traffic of a month; traffic.yaml explains each number.
type Traffic struct {
	Date          string  `yaml:"date" json:"date"`
	Requests      float64 `yaml:"requests" json:"requests"`
	FileRequests  float64 `yaml:"fileRequests" json:"fileRequests"`
	Writes        float64 `yaml:"writes" json:"writes"`
	Uploads       float64 `yaml:"uploads" json:"uploads"`
	CacheHits     float64 `yaml:"cacheHits" json:"cacheHits"`
	ItemKB        float64 `yaml:"itemKB" json:"itemKB"`
	FileMB        float64 `yaml:"fileMB" json:"fileMB"`
	ItemMillis    float64 `yaml:"itemMillis" json:"itemMillis"`
	FileMillis    float64 `yaml:"fileMillis" json:"fileMillis"`
	WarmShare     float64 `yaml:"warmShare" json:"warmShare"`
	DatabaseACU   float64 `yaml:"databaseACU" json:"databaseACU"`
	DatabaseGB    float64 `yaml:"databaseGB" json:"databaseGB"`
	IOPerMiss     float64 `yaml:"ioPerMiss" json:"ioPerMiss"`
	IOPerWrite    float64 `yaml:"ioPerWrite" json:"ioPerWrite"`
	FilesGB       float64 `yaml:"filesGB" json:"filesGB"`
	NATGB         float64 `yaml:"natGB" json:"natGB"`
	EndpointGB    float64 `yaml:"endpointGB" json:"endpointGB"`
	FunctionLogKB float64 `yaml:"functionLogKB" json:"functionLogKB"`
	AccessLogKB   float64 `yaml:"accessLogKB" json:"accessLogKB"`
	FlowLogGB     float64 `yaml:"flowLogGB" json:"flowLogGB"`
}

// loadTraffic reads the assumptions; numbers such as "requests=5e6" replace single ones. It reports all problems at once.
func loadTraffic(replacements []string) (Traffic, error) {
	var t Traffic
	var assumed struct {
		Date    string
		Numbers map[string]float64 `yaml:",inline"`
	}
	if err := yaml.Unmarshal(assumedTraffic, &assumed); err != nil {
		return t, fmt.Errorf("read traffic.yaml: %w", err)
	}
	if err := replace(assumed.Numbers, replacements); err != nil {
		return t, err
	}
	if err := check(assumed.Numbers); err != nil {
		return t, err
	}
	content, err := yaml.Marshal(assumed)
	if err != nil {
		return t, err
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&t); err != nil {
		return t, fmt.Errorf("read traffic.yaml: %w", err)
	}
	return t, nil
}

// replace sets numbers by replacements such as "requests=5e6".
func replace(numbers map[string]float64, replacements []string) error {
	var problems []error
	for _, replacement := range replacements {
		name, text, _ := strings.Cut(replacement, "=")
		value, err := strconv.ParseFloat(text, 64)
		switch _, known := numbers[name]; {
		case !known:
			problems = append(problems, fmt.Errorf("--set %s: the traffic has no number %q; it has %s",
				replacement, name, strings.Join(slices.Sorted(maps.Keys(numbers)), ", ")))
		case err != nil:
			problems = append(problems, fmt.Errorf("--set %s: must be %s=NUMBER, such as %s=%v", replacement, name, name, numbers[name]))
		default:
			numbers[name] = value
		}
	}
	return errors.Join(problems...)
}

// check reports all impossible numbers at once.
func check(numbers map[string]float64) error {
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		value, most, bounds := numbers[name], math.MaxFloat64, "0 or more"
		if name == "cacheHits" || name == "warmShare" {
			most, bounds = 1, "from 0 to 1"
		}
		if math.IsNaN(value) || value < 0 || value > most {
			problems = append(problems, fmt.Errorf("traffic: %s is %v; must be a number, %s", name, value, bounds))
		}
	}
	if requests, least := numbers["requests"], numbers["fileRequests"]+numbers["writes"]; requests < least {
		problems = append(problems, fmt.Errorf("traffic: requests is %v; must be at least fileRequests and writes together, %v", requests, least))
	}
	return errors.Join(problems...)
}

// items are the requests that are not reads of files.
func (t Traffic) items() float64 { return t.Requests - t.FileRequests }

// misses are the reads of items that reach the database.
func (t Traffic) misses() float64 { return (t.items() - t.Writes) * (1 - t.CacheHits) }
