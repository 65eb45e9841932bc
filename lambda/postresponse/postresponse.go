// Package postresponse defers work until the response has been sent. Lambda freezes an execution
// environment when it asks for its next invocation (AWS Lambda developer guide, "Understanding the Lambda
// execution environment lifecycle"), so deferred work runs before that, within the same invocation.
// Work that runs concurrently with the response is awaited there: if it were frozen in the middle, its
// connections would be dead when it continues.
package postresponse

import (
	"context"
	"sync"
	"time"
)

// Queue holds deferred tasks.
type Queue struct {
	mu      sync.Mutex
	tasks   []func()
	done    bool
	sendErr error
}

type queueKey struct{}

// NewQueue returns a context in which Do defers tasks to the queue.
func NewQueue(ctx context.Context) (context.Context, *Queue) {
	queue := &Queue{}
	return context.WithValue(ctx, queueKey{}, queue), queue
}

// Do defers task until the queue of ctx runs. Without a queue, or after it has run, task runs at once.
func Do(ctx context.Context, task func()) {
	if queue, ok := ctx.Value(queueKey{}).(*Queue); ok && queue.add(task) {
		return
	}
	task()
}

// Await defers a wait for concurrent work, which closes done when it ends. It lasts for timeout at most,
// and no longer than ctx. Without a queue, as outside Lambda, it does nothing.
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

// SetSendError records why the response could not be sent.
func (w *Queue) SetSendError(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sendErr = err
}

// SendError returns to a deferred task why the response could not be sent, or nil if it was sent or ctx has
// no queue.
func SendError(ctx context.Context) error {
	queue, ok := ctx.Value(queueKey{}).(*Queue)
	if !ok {
		return nil
	}
	queue.mu.Lock()
	defer queue.mu.Unlock()
	return queue.sendErr
}

// Run runs the deferred tasks in order.
func (w *Queue) Run() {
	w.mu.Lock()
	tasks := w.tasks
	w.done = true
	w.mu.Unlock()
	for _, task := range tasks {
		task()
	}
}
