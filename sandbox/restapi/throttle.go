package restapi

import (
	"math"
	"sync"
	"time"
)

// limits are the token buckets and quotas of all stages. With a new server, buckets are full and quotas unused.
type limits struct {
	now func() time.Time

	mu      sync.Mutex
	buckets map[string]*bucket
	quotas  map[string]*quota
}

type bucket struct {
	settings MethodSettings
	tokens   float64
	at       time.Time
}

type quota struct {
	used   int
	period string // the day, week or month of used
}

func newLimits(now func() time.Time) *limits {
	return &limits{now: now, buckets: map[string]*bucket{}, quotas: map[string]*quota{}}
}

// allow takes a token from the named bucket. A bucket with changed settings is full again.
func (l *limits) allow(name string, s MethodSettings) bool {
	if s.Rate <= 0 && s.Burst <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	size := math.Max(float64(s.Burst), 1)
	b := l.buckets[name]
	if b == nil || b.settings != s {
		b = &bucket{settings: s, tokens: size, at: now}
		l.buckets[name] = b
	}
	b.tokens = math.Min(size, b.tokens+now.Sub(b.at).Seconds()*math.Max(s.Rate, 0))
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// spend counts a request against a quota; zero: no quota.
func (l *limits) spend(name string, limit int, period string) bool {
	if limit <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	current := periodOf(l.now().UTC(), period)
	q := l.quotas[name]
	if q == nil || q.period != current {
		q = &quota{period: current}
		l.quotas[name] = q
	}
	if q.used >= limit {
		return false
	}
	q.used++
	return true
}

// periodOf returns the period of a time; weeks begin on Sunday.
func periodOf(t time.Time, period string) string {
	switch period {
	case "WEEK":
		return t.AddDate(0, 0, -int(t.Weekday())).Format("2006-01-02")
	case "MONTH":
		return t.Format("2006-01")
	default:
		return t.Format("2006-01-02")
	}
}
