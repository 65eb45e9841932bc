package handler

import (
	"context"
	"errors"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
)

const (
	// bufferedTime bounds the work for an answer in one piece: API Gateway
	// gives an integration 29 s unless told otherwise (Amazon API Gateway
	// quotas, "integration timeout"), and margin comes on top.
	bufferedTime = 27 * time.Second
	// margin is kept of the invocation's time to invalidate the cache, which
	// is done at any rate and within a second, and to send the answer; half
	// of the time at most, so that a short one is not all margin.
	margin = 1500 * time.Millisecond
	// sending is what stays of the margin when the answer is given up.
	sending = 300 * time.Millisecond
)

// errOverdue is the cause of an answer that was not there in time although
// the context of its calls had ended.
var errOverdue = errors.New("a call went on after its context had ended")

// bounded limits ctx to what a request of this kind may take.
func bounded(ctx context.Context, streams bool) (context.Context, context.CancelFunc) {
	now := time.Now()
	end, known := ctx.Deadline()
	if known {
		end = end.Add(-min(margin, end.Sub(now)/2))
	}
	if latest := now.Add(bufferedTime); !streams && (!known || latest.Before(end)) {
		end, known = latest, true
	}
	if !known {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end)
}

// inTime answers when the answer is there, or when its time is up although
// whatever is waited for does not care that the context has ended.
func (h *Handler) inTime(ctx context.Context, r *request) *response {
	end, known := ctx.Deadline()
	if !known {
		return h.answer(ctx, r)
	}
	left := time.Until(end)
	overdue := time.NewTimer(left + min(margin, left) - min(sending, left/2))
	defer overdue.Stop()
	answered := make(chan *response, 1)
	go func() { answered <- h.answer(ctx, r) }()
	select {
	case answer := <-answered:
		return answer
	case <-overdue.C:
	}
	go func() {
		if late := <-answered; late.stream != nil {
			_ = late.stream.Close()
		}
	}()
	late := fault.New(fault.Unavailable, "the request could not be answered in time; if it was to change something, it may have")
	late.RetryAfter, late.Cause = time.Second, errOverdue
	return problem(r, nil, late)
}
