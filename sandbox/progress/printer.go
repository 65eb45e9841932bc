// Package progress prints the progress of long tasks: one live line on a terminal, elsewhere a plain line every
// 15 seconds.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// plainInterval is the time between lines where a line cannot be rewritten.
const plainInterval = 15 * time.Second

// Printer prints the progress of concurrent tasks.
type Printer struct {
	out   io.Writer
	live  bool
	now   func() time.Time
	start time.Time
	quit  chan struct{}
	idle  chan struct{}

	mu       sync.Mutex
	tasks    []*Task
	forecast *Forecast // of the running tasks; nil: none
	shown    bool      // a live line is on the terminal
}

// Task is a task whose progress is printed.
type Task struct {
	printer *Printer
	name    string
	start   time.Time
	detail  string
}

// New returns a Printer that writes to out. The caller must close it.
func New(out *os.File) *Printer {
	p := &Printer{out: out, live: terminal(out), now: time.Now, start: time.Now(), quit: make(chan struct{}), idle: make(chan struct{})}
	interval := plainInterval
	if p.live {
		interval = time.Second
	}
	go p.tick(interval)
	return p
}

// terminal reports whether f can rewrite its last line.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == ""
}

// Close removes the live line and stops the Printer.
func (p *Printer) Close() {
	close(p.quit)
	<-p.idle
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *Printer) tick(interval time.Duration) {
	defer close(p.idle)
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-ticker.C:
			p.mu.Lock()
			p.show()
			p.mu.Unlock()
		}
	}
}

// Printf prints a line.
func (p *Printer) Printf(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.line(fmt.Sprintf(format, args...))
}

// Expect adds the time that the forecast's jobs still take to the lines about running tasks; nil: no longer.
func (p *Printer) Expect(f *Forecast) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forecast = f
}

// Start adds a running task.
func (p *Printer) Start(name string) *Task {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := &Task{printer: p, name: name, start: p.now()}
	p.tasks = append(p.tasks, t)
	if p.live {
		p.show()
	} else {
		p.line(name + " ...")
	}
	return t
}

// SetDetail sets the text after the task's name.
func (t *Task) SetDetail(format string, args ...any) {
	t.printer.mu.Lock()
	defer t.printer.mu.Unlock()
	t.detail = fmt.Sprintf(format, args...)
}

// Done removes the task and prints its outcome.
func (t *Task) Done(err error) {
	p := t.printer
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, other := range p.tasks {
		if other == t {
			p.tasks = append(p.tasks[:i], p.tasks[i+1:]...)
			break
		}
	}
	outcome := "done"
	if err != nil {
		outcome = "FAILED"
	}
	line := fmt.Sprintf("%s: %s in %s", t.name, outcome, Duration(p.now().Sub(t.start)))
	if t.detail != "" {
		line += " (" + t.detail + ")"
	}
	p.line(line)
}

// line prints a line with the time since the start.
func (p *Printer) line(text string) {
	p.clear()
	_, _ = fmt.Fprintf(p.out, "[%6s] %s\n", Duration(p.now().Sub(p.start)), text)
}

// show prints the running tasks.
func (p *Printer) show() {
	if len(p.tasks) == 0 {
		return
	}
	var states []string
	for _, t := range p.tasks {
		state := t.name + " " + Duration(p.now().Sub(t.start))
		if t.detail != "" {
			state += " (" + t.detail + ")"
		}
		states = append(states, state)
	}
	text := "working: " + strings.Join(states, ", ")
	if p.forecast != nil {
		if left, known := p.forecast.Left(); known {
			text += "; about " + about(left) + " left"
		}
	}
	if !p.live {
		p.line(text)
		return
	}
	p.clear()
	_, _ = fmt.Fprintf(p.out, "[%6s] %s", Duration(p.now().Sub(p.start)), text)
	p.shown = true
}

func (p *Printer) clear() {
	if p.shown {
		_, _ = fmt.Fprint(p.out, "\r\033[K")
		p.shown = false
	}
}

// Duration formats a duration for humans: "7s", "3m07s", "1h02m".
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	default:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	}
}
