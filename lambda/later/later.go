// Package later puts off what a caller need not wait for until its answer has
// been sent. Lambda leaves a function running until it asks for its next
// invocation (AWS Lambda developer guide, "Understanding the Lambda execution
// environment lifecycle"), so what is put off is done, and in that invocation.
package later

import (
	"context"
	"sync"
)

// Work is what has been put off.
type Work struct {
	mu    sync.Mutex
	tasks []func()
	done  bool
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

func (w *Work) add(task func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.tasks = append(w.tasks, task)
	}
	return !w.done
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
