package metrics

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// retention is longer than any alarm on a period below an hour looks back: a day and its evaluation range. The newest
	// point of a metric stays until there is another, which is all that an alarm on days of silence needs.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
	retention = 25 * time.Hour
	// fineRetention is how long points of a second are kept; then they are part of their minute.
	// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
	fineRetention = 3 * time.Hour
	// maxSeries bounds the metrics. The one without data for the longest time is dropped first.
	maxSeries = 5000
)

// Metric identifies a metric.
type Metric struct {
	Namespace, Name string
	Dimensions      map[string]string
}

// key is equal for equal metrics.
func (m Metric) key() string {
	parts := []string{m.Namespace, m.Name}
	for _, name := range slices.Sorted(maps.Keys(m.Dimensions)) {
		parts = append(parts, name, m.Dimensions[name])
	}
	return strings.Join(parts, "\x00")
}

// Datum is a value of a metric.
type Datum struct {
	Metric
	Unit  string // empty: None
	Time  time.Time
	Value float64
	Count float64 // how often it occurred; 0: once
	// Fine is whether it is stored by the second: StorageResolution 1.
	Fine bool
}

// Store keeps metrics. It is safe for concurrent use.
type Store struct {
	mu     sync.Mutex
	series map[string]*series
}

// series are the points of a metric.
type series struct {
	metric Metric
	points map[instant]*Distribution
	newest int64 // minute
}

// instant is when a point begins, and its unit: values of two units are two points.
type instant struct {
	second int64
	fine   bool
	unit   string
}

// NewStore returns an empty store.
func NewStore() *Store { return &Store{series: map[string]*series{}} }

// Put stores values.
func (s *Store) Put(data ...Datum) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range data {
		s.put(d)
	}
}

func (s *Store) put(d Datum) {
	key := d.key()
	of := s.series[key]
	if of == nil {
		if len(s.series) >= maxSeries {
			s.dropOldest()
		}
		of = &series{metric: d.Metric, points: map[instant]*Distribution{}}
		s.series[key] = of
	}
	at := instant{second: d.Time.Unix(), fine: d.Fine, unit: d.Unit}
	if at.unit == "" {
		at.unit = "None"
	}
	if !d.Fine {
		at.second -= at.second % 60
	}
	if minute := d.Time.Unix() / 60; minute > of.newest {
		of.newest = minute
		of.expire(d.Time)
	}
	point := of.points[at]
	if point == nil {
		point = &Distribution{}
		of.points[at] = point
	}
	point.add(d.Value, max(d.Count, 1))
}

func (s *Store) dropOldest() {
	oldest := ""
	for key, of := range s.series {
		if oldest == "" || of.newest < s.series[oldest].newest {
			oldest = key
		}
	}
	delete(s.series, oldest)
}

// expire drops points past their retention and adds seconds past theirs to their minute.
func (s *series) expire(now time.Time) {
	for at, point := range s.points {
		age := now.Sub(time.Unix(at.second, 0))
		if age > retention || at.fine && age > fineRetention {
			delete(s.points, at)
		}
		if at.fine && age > fineRetention && age <= retention {
			minute := instant{second: at.second - at.second%60, unit: at.unit}
			if s.points[minute] == nil {
				s.points[minute] = &Distribution{}
			}
			s.points[minute].merge(point)
		}
	}
}

// Range returns the distributions of the periods from start to before end, the oldest first; nil: no data. An empty unit is
// any. Periods begin at start, which is rounded down to a minute or to a shorter period. Those below a minute have only
// values that are stored by the second.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (s *Store) Range(m Metric, unit string, period time.Duration, start, end time.Time) []*Distribution {
	s.mu.Lock()
	defer s.mu.Unlock()
	points := make([]*Distribution, periods(start, end, period))
	of := s.series[m.key()]
	if of == nil {
		return points
	}
	begin, seconds := aligned(start, period).Unix(), int64(period/time.Second)
	for at, point := range of.points {
		if at.second < begin || at.second >= end.Unix() || unit != "" && at.unit != unit || period < time.Minute && !at.fine {
			continue
		}
		i := (at.second - begin) / seconds
		if points[i] == nil {
			points[i] = &Distribution{}
		}
		points[i].merge(point)
	}
	return points
}

// Units lists the units of a metric's values.
func (s *Store) Units(m Metric) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	units := map[string]bool{}
	if of := s.series[m.key()]; of != nil {
		for at := range of.points {
			units[at.unit] = true
		}
	}
	return slices.Sorted(maps.Keys(units))
}

// Metrics lists the metrics of a namespace that have data since a time; of every one if it is empty.
func (s *Store) Metrics(namespace string, since time.Time) []Metric {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []Metric
	for _, key := range slices.Sorted(maps.Keys(s.series)) {
		if of := s.series[key]; (namespace == "" || of.metric.Namespace == namespace) && of.newest >= since.Unix()/60 {
			list = append(list, of.metric)
		}
	}
	return list
}
