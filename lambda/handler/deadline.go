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
	bufferedTimeout = 27 * time.Second
	// margin is kept of the invocation's time to invalidate the cache, which
	// is done at any rate and within a second, and to send the answer; half
	// of the time at most, so that a short one is not all margin.
	deadlineMargin = 1500 * time.Millisecond
	// sending is what stays of the margin when the answer is given up.
	sendMargin = 300 * time.Millisecond
)

// errOverdue is the cause of an answer that was not there in time although
// the context of its calls had ended.
var errOverdue = errors.New("a call went on after its context had ended")

// bounded limits ctx to what a request of this kind may take.
func withRequestDeadline(ctx context.Context, isStreaming bool) (context.Context, context.CancelFunc) {
	now := time.Now()
	end, known := ctx.Deadline()
	if known {
		end = end.Add(-min(deadlineMargin, end.Sub(now)/2))
	}
	if latest := now.Add(bufferedTimeout); !isStreaming && (!known || latest.Before(end)) {
		end, known = latest, true
	}
	if !known {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end)
}

// inTime answers when the answer is there, or when its time is up although
// whatever is waited for does not care that the context has ended.
func (h *Handler) respondInTime(ctx context.Context, r *request) *response {
	end, known := ctx.Deadline()
	if !known {
		return h.respond(ctx, r)
	}
	left := time.Until(end)
	overdue := time.NewTimer(left + min(deadlineMargin, left) - min(sendMargin, left/2))
	defer overdue.Stop()
	responded := make(chan *response, 1)
	go func() { responded <- h.respond(ctx, r) }()
	select {
	case resp := <-responded:
		return resp
	case <-overdue.C:
	}
	go func() {
		if late := <-responded; late.stream != nil {
			_ = late.stream.Close()
		}
	}()
	late := fault.New(fault.Unavailable, "the request could not be answered in time; if it was to change something, it may have")
	late.RetryAfter, late.Cause = time.Second, errOverdue
	return problemResponse(r, nil, late)
}
