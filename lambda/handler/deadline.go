package handler

import (
	"context"
	"errors"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/limit"
)

const (
	// bufferedTimeout bounds the work for a buffered response: API Gateway's default integration timeout is
	// 29 s (Amazon API Gateway quotas, "integration timeout"), and deadlineMargin comes on top.
	bufferedTimeout = 27 * time.Second
	// deadlineMargin is reserved before the invocation's deadline to invalidate the cache, which is always
	// done and takes a second at most, and to send the response. It takes half of the remaining time at
	// most, so that a short invocation has time for its work.
	deadlineMargin = 1500 * time.Millisecond
	// sendMargin is what remains of deadlineMargin when the handler gives up.
	sendMargin = 300 * time.Millisecond
)

// errOverdue is the cause of a 503 for a call that ignored the end of its context.
var errOverdue = errors.New("a call went on after its context had ended")

// withRequestDeadline bounds ctx by the time that a request may take.
func withRequestDeadline(ctx context.Context, isStreaming bool) (context.Context, context.CancelFunc) {
	now := time.Now()
	end, known := ctx.Deadline()
	if known {
		end = end.Add(-min(deadlineMargin, end.Sub(now)/2))
	}
	if latest := now.Add(limit.Of(bufferedTimeout)); !isStreaming && (!known || latest.Before(end)) {
		end, known = latest, true
	}
	if !known {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, end)
}

// respondInTime returns the response, or 503 shortly before the deadline if a call ignores the end of its
// context.
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
	late := fault.New(fault.Unavailable, "the request could not be completed in time; a change may have been made")
	late.RetryAfter, late.Cause = time.Second, errOverdue
	return problemResponse(r, nil, late)
}
