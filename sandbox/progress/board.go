// Package progress tells a person what long work is at, while it works: one
// live line on a terminal, a plain line now and then elsewhere.
package progress

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

// plainEvery is how often a line is printed where lines cannot be rewritten.
const plainEvery = 15 * time.Second

// Board shows tasks that run at the same time.
type Board struct {
	out   io.Writer
	live  bool
	now   func() time.Time
	start time.Time
	quit  chan struct{}
	idle  chan struct{}

	mu    sync.Mutex
	tasks []*Task
	shown bool // a live line stands on the terminal
}

// Task is one piece of work on a board.
type Task struct {
	board  *Board
	name   string
	start  time.Time
	detail string
}

// New starts a board that writes to out. Close it.
func New(out *os.File) *Board {
	b := &Board{out: out, live: terminal(out), now: time.Now, start: time.Now(), quit: make(chan struct{}), idle: make(chan struct{})}
	every := plainEvery
	if b.live {
		every = time.Second
	}
	go b.tick(every)
	return b
}

// terminal reports whether f can rewrite its last line.
func terminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && os.Getenv("CI") == ""
}

// Close ends the live line.
func (b *Board) Close() {
	close(b.quit)
	<-b.idle
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clear()
}

func (b *Board) tick(every time.Duration) {
	defer close(b.idle)
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-b.quit:
			return
		case <-ticker.C:
			b.mu.Lock()
			b.show()
			b.mu.Unlock()
		}
	}
}

// Say prints a line of its own.
func (b *Board) Say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.line(fmt.Sprintf(format, args...))
}

// Start adds a task that is being worked at.
func (b *Board) Start(name string) *Task {
	b.mu.Lock()
	defer b.mu.Unlock()
	t := &Task{board: b, name: name, start: b.now()}
	b.tasks = append(b.tasks, t)
	if b.live {
		b.show()
	} else {
		b.line(name + " ...")
	}
	return t
}

// Detail says how far the task is.
func (t *Task) Detail(format string, args ...any) {
	t.board.mu.Lock()
	defer t.board.mu.Unlock()
	t.detail = fmt.Sprintf(format, args...)
}

// End takes the task off the board and says how it went.
func (t *Task) End(err error) {
	b := t.board
	b.mu.Lock()
	defer b.mu.Unlock()
	for i, other := range b.tasks {
		if other == t {
			b.tasks = append(b.tasks[:i], b.tasks[i+1:]...)
			break
		}
	}
	outcome := "done"
	if err != nil {
		outcome = "FAILED"
	}
	line := fmt.Sprintf("%s: %s in %s", t.name, outcome, Duration(b.now().Sub(t.start)))
	if t.detail != "" {
		line += " (" + t.detail + ")"
	}
	b.line(line)
}

// line prints a whole line with the time since the board began.
func (b *Board) line(text string) {
	b.clear()
	_, _ = fmt.Fprintf(b.out, "[%6s] %s\n", Duration(b.now().Sub(b.start)), text)
}

// show prints what is being worked at.
func (b *Board) show() {
	if len(b.tasks) == 0 {
		return
	}
	var parts []string
	for _, t := range b.tasks {
		part := t.name + " " + Duration(b.now().Sub(t.start))
		if t.detail != "" {
			part += " (" + t.detail + ")"
		}
		parts = append(parts, part)
	}
	text := "working: " + strings.Join(parts, ", ")
	if !b.live {
		b.line(text)
		return
	}
	b.clear()
	_, _ = fmt.Fprintf(b.out, "[%6s] %s", Duration(b.now().Sub(b.start)), text)
	b.shown = true
}

func (b *Board) clear() {
	if b.shown {
		_, _ = fmt.Fprint(b.out, "\r\033[K")
		b.shown = false
	}
}

// Duration writes a duration as people say it: "7s", "3m07s", "1h02m".
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
