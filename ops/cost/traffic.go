package cost

import (
	"bytes"
	_ "embed" // the assumed traffic
	"errors"
	"fmt"
	"math"
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

// loadTraffic reads the assumptions; numbers such as "requests=5e6" replace single ones.
func loadTraffic(numbers []string) (Traffic, error) {
	var t Traffic
	sources := [][]byte{assumedTraffic}
	for _, number := range numbers {
		name, value, ok := strings.Cut(number, "=")
		if !ok {
			return t, fmt.Errorf("%q is not of the form name=number", number)
		}
		sources = append(sources, []byte(name+": "+value))
	}
	for _, source := range sources {
		decoder := yaml.NewDecoder(bytes.NewReader(source))
		decoder.KnownFields(true)
		if err := decoder.Decode(&t); err != nil {
			return t, fmt.Errorf("read the traffic: %w", err)
		}
	}
	return t, t.check()
}

// check reports all impossible numbers at once.
func (t Traffic) check() error {
	var problems []error
	for _, n := range []struct {
		name        string
		value, most float64
	}{
		{"cacheHits", t.CacheHits, 1}, {"warmShare", t.WarmShare, 1},
		{"fileRequests", t.FileRequests, math.Inf(1)}, {"writes", t.Writes, math.Inf(1)},
		{"uploads", t.Uploads, math.Inf(1)}, {"itemKB", t.ItemKB, math.Inf(1)},
		{"fileMB", t.FileMB, math.Inf(1)}, {"itemMillis", t.ItemMillis, math.Inf(1)},
		{"fileMillis", t.FileMillis, math.Inf(1)}, {"databaseACU", t.DatabaseACU, math.Inf(1)},
		{"databaseGB", t.DatabaseGB, math.Inf(1)}, {"ioPerMiss", t.IOPerMiss, math.Inf(1)},
		{"ioPerWrite", t.IOPerWrite, math.Inf(1)}, {"filesGB", t.FilesGB, math.Inf(1)},
		{"natGB", t.NATGB, math.Inf(1)}, {"endpointGB", t.EndpointGB, math.Inf(1)},
		{"functionLogKB", t.FunctionLogKB, math.Inf(1)}, {"accessLogKB", t.AccessLogKB, math.Inf(1)},
		{"flowLogGB", t.FlowLogGB, math.Inf(1)},
	} {
		if n.value < 0 || n.value > n.most {
			problems = append(problems, fmt.Errorf("traffic: %s is %v; must be a number from 0 to %v", n.name, n.value, n.most))
		}
	}
	if t.Requests < t.FileRequests+t.Writes {
		problems = append(problems, fmt.Errorf("traffic: requests is %v; must be at least fileRequests and writes together, %v",
			t.Requests, t.FileRequests+t.Writes))
	}
	return errors.Join(problems...)
}

// items are the requests that are not reads of files.
func (t Traffic) items() float64 { return t.Requests - t.FileRequests }

// misses are the reads of items that reach the database.
func (t Traffic) misses() float64 { return (t.items() - t.Writes) * (1 - t.CacheHits) }
