package progress

import (
	"sync"
	"time"
)

// Forecast estimates how long concurrent jobs still take, from the pace of this machine so far.
type Forecast struct {
	now   func() time.Time
	start time.Time

	mu   sync.Mutex
	jobs []*Job
}

// Job is a part of the work. Its size is relative to the other jobs' of the same forecast.
type Job struct {
	forecast *Forecast
	size     time.Duration
	done     float64
}

// The pace is known only after this much is done and has taken this long.
const (
	leastDone    = 0.02
	leastElapsed = 15 * time.Second
)

// NewForecast returns a forecast of work that begins now.
func NewForecast() *Forecast { return newForecast(time.Now) }

func newForecast(now func() time.Time) *Forecast { return &Forecast{now: now, start: now()} }

// Add adds a job that takes size on the machine that sizes are measured on.
func (f *Forecast) Add(size time.Duration) *Job {
	f.mu.Lock()
	defer f.mu.Unlock()
	j := &Job{forecast: f, size: size}
	f.jobs = append(f.jobs, j)
	return j
}

// Resize corrects the size of a job, once it is known how much of it there is to do.
func (j *Job) Resize(size time.Duration) {
	j.forecast.mu.Lock()
	defer j.forecast.mu.Unlock()
	j.size = size
}

// SetDone sets the done part of a job, from 0 to 1.
func (j *Job) SetDone(part float64) {
	j.forecast.mu.Lock()
	defer j.forecast.mu.Unlock()
	j.done = min(max(part, 0), 1)
}

// Left returns the time until all jobs are done, and false while the pace is not known.
func (f *Forecast) Left() (time.Duration, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all, done float64
	for _, j := range f.jobs {
		all += j.size.Seconds()
		done += j.size.Seconds() * j.done
	}
	elapsed := f.now().Sub(f.start)
	if elapsed < leastElapsed || done <= all*leastDone {
		return 0, false
	}
	return time.Duration(float64(elapsed) * (all - done) / done), true
}

// about formats an estimate, which is not exact to the second.
func about(d time.Duration) string {
	if d < 90*time.Second {
		return Duration((d + 9*time.Second).Truncate(10 * time.Second))
	}
	return Duration(d.Round(30 * time.Second))
}
