// Package postresponse puts off what a caller need not wait for until its answer has
// been sent. Lambda leaves a function running until it asks for its next
// invocation and freezes it then (AWS Lambda developer guide, "Understanding the
// Lambda execution environment lifecycle"), so what is put off is done, and in
// that invocation; and what runs beside an answer is waited for, since what is
// frozen half-way has failed by the time it goes on.
package postresponse

import (
	"context"
	"sync"
	"time"
)

// Work is what has been put off.
type Queue struct {
	mu      sync.Mutex
	tasks   []func()
	done    bool
	sendErr error
}

type queueKey struct{}

// Collect returns a context in which Do puts work off until Finish.
func NewQueue(ctx context.Context) (context.Context, *Queue) {
	queue := &Queue{}
	return context.WithValue(ctx, queueKey{}, queue), queue
}

// Do puts the task off. It is done at once where nobody collects, and where
// the work has been finished already.
func Do(ctx context.Context, task func()) {
	if queue, ok := ctx.Value(queueKey{}).(*Queue); ok && queue.add(task) {
		return
	}
	task()
}

// Await puts off a wait for what runs beside the answer and closes done when it
// ends: at most so long, and no longer than ctx lasts. Where nobody collects
// nothing is frozen, and nothing is waited for.
func Await(ctx context.Context, done <-chan struct{}, timeout time.Duration) {
	queue, ok := ctx.Value(queueKey{}).(*Queue)
	if !ok {
		return
	}
	queue.add(func() {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		select {
		case <-done:
		case <-ctx.Done():
		}
	})
}

func (w *Queue) add(task func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.done {
		w.tasks = append(w.tasks, task)
	}
	return !w.done
}

// Fail says why the answer could not be sent, to the tasks that ask.
func (w *Queue) SetSendError(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sendErr = err
}

// Unsent returns why the answer could not be sent, to a task that was put off;
// nil if it was sent, and where nobody collects.
func SendError(ctx context.Context) error {
	queue, ok := ctx.Value(queueKey{}).(*Queue)
	if !ok {
		return nil
	}
	queue.mu.Lock()
	defer queue.mu.Unlock()
	return queue.sendErr
}

// Finish does what has been put off, in order.
func (w *Queue) Run() {
	w.mu.Lock()
	tasks := w.tasks
	w.done = true
	w.mu.Unlock()
	for _, task := range tasks {
		task()
	}
}
