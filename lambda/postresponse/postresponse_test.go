package postresponse

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestTasksAreDeferredUntilTheQueueRuns(t *testing.T) {
	var did []string
	note := func(what string) func() { return func() { did = append(did, what) } }
	Do(t.Context(), note("no queue"))
	ctx, queue := NewQueue(t.Context())
	Do(ctx, note("first"))
	Do(context.WithoutCancel(ctx), note("second"))
	did = append(did, "responded")
	queue.Run()
	Do(ctx, note("too late to put off"))
	if want := []string{"no queue", "responded", "first", "second", "too late to put off"}; !slices.Equal(did, want) {
		t.Errorf("did %q, want %q", did, want)
	}
}

func TestConcurrentWorkIsAwaitedAfterTheResponse(t *testing.T) {
	for name, test := range map[string]struct{ takes, left, want time.Duration }{
		"until it ends":               {takes: time.Second, left: time.Hour, want: time.Second},
		"at most for so long":         {takes: time.Hour, left: time.Hour, want: 2 * time.Second},
		"no longer than time is left": {takes: time.Hour, left: time.Second, want: time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, queue := NewQueue(t.Context())
				ctx, cancel := context.WithTimeout(ctx, test.left)
				defer cancel()
				done := make(chan struct{})
				time.AfterFunc(test.takes, func() { close(done) })
				began := time.Now()
				Await(ctx, done, 2*time.Second)
				queue.Run()
				if took := time.Since(began); took != test.want {
					t.Errorf("it took %s, want %s", took, test.want)
				}
			})
		})
	}
	t.Run("not without a queue", func(t *testing.T) {
		Await(t.Context(), make(chan struct{}), time.Hour)
	})
}
