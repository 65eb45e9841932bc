// Package later puts off what a caller need not wait for until its answer has
// been sent. Lambda leaves a function running until it asks for its next
// invocation and freezes it then (AWS Lambda developer guide, "Understanding the
// Lambda execution environment lifecycle"), so what is put off is done, and in
// that invocation; and what runs beside an answer is waited for, since what is
// frozen half-way has failed by the time it goes on.
package later

import (
	"context"
	"sync"
	"time"
)

// Work is what has been put off.
type Work struct {
	mu    sync.Mutex
	tasks []func()
	done  bool
	fault error
}

type key struct{}

// Collect returns a context in which Do puts work off until Finish.
func Collect(ctx context.Context) (context.Context, *Work) {
	work := &Work{}
	return context.WithValue(ctx, key{}, work), work
}

// Do puts the task off. It is done at once where nobody collects, and where
// the work has been finished already.
func Do(ctx context.Context, task func()) {
	if work, ok := ctx.Value(key{}).(*Work); ok && work.add(task) {
		return
	}
	task()
}

// Await puts off a wait for what runs beside the answer and closes done when it
// ends: at most so long, and no longer than ctx lasts. Where nobody collects
// nothing is frozen, and nothing is waited for.
func Await(ctx context.Context, done <-chan struct{}, most time.Duration) {
	work, ok := ctx.Value(key{}).(*Work)
	if !ok {
		return
	}
	work.add(func() {
		ctx, cancel := context.WithTimeout(ctx, most)
		defer cancel()
		select {
		case <-done:
		case <-ctx.Done():
		}
	})
}

func (w *Work) add(task func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.tasks = append(w.tasks, task)
	}
	return !w.done
}

// Fail says why the answer could not be sent, to the tasks that ask.
func (w *Work) Fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = err
}

// Unsent returns why the answer could not be sent, to a task that was put off;
// nil if it was sent, and where nobody collects.
func Unsent(ctx context.Context) error {
	work, ok := ctx.Value(key{}).(*Work)
	if !ok {
		return nil
	}
	work.mu.Lock()
	defer work.mu.Unlock()
	return work.fault
}

// Finish does what has been put off, in order.
func (w *Work) Finish() {
	w.mu.Lock()
	tasks := w.tasks
	w.done = true
	w.mu.Unlock()
	for _, task := range tasks {
		task()
	}
}
