package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/didomi/serverless-api/client/sigv4"
)

// Retries bounds the tries of one request.
type Retries struct {
	// Tries is the number of all tries; 1: no retry.
	Tries uint
	// Initial is about the first pause; each further one is twice as long, up to Longest, and each is random by a half.
	Initial, Longest time.Duration
	// Elapsed bounds tries and pauses together. A Retry-After that would exceed it ends the tries.
	Elapsed time.Duration
}

// DefaultRetries outlast a failover of the database's writer, of some 30 s, in few tries.
var DefaultRetries = Retries{Tries: 6, Initial: 200 * time.Millisecond, Longest: 20 * time.Second, Elapsed: time.Minute}

// retrier repeats requests that may be repeated.
type retrier struct {
	base    http.RoundTripper
	retries Retries
}

// errRetry marks a response that is worth another try.
var errRetry = errors.New("the response asks for another try")

// RoundTrip implements http.RoundTripper. When all tries are used up, it returns the last response or error.
func (t *retrier) RoundTrip(r *http.Request) (*http.Response, error) {
	outcome := outcomeOf(r.Context())
	var response *http.Response
	tries := 0
	try := func() (struct{}, error) {
		request, err := prepared(r, tries > 0)
		if err != nil {
			return struct{}{}, backoff.Permanent(err)
		}
		tries++
		response, err = t.send(request) //nolint:bodyclose // closed by discard, or by the caller
		outcome.record(response, err)
		return struct{}{}, verdict(r, response, err)
	}
	discard := func() {
		drain(response)
		response = nil
	}
	_, err := backoff.Retry(r.Context(), try, t.options(r.Context(), discard)...)
	if response != nil {
		return response, nil
	}
	if permanent := new(backoff.PermanentError); errors.As(err, &permanent) {
		err = permanent.Unwrap() // of the last try, which Retry returns as it is
	}
	if tries > 1 {
		err = fmt.Errorf("after %d tries: %w", tries, err)
	}
	return nil, err
}

// send sends a request once. It reads the body, unless the caller streams it, so that one that breaks off is a failed try.
func (t *retrier) send(r *http.Request) (*http.Response, error) {
	response, err := t.base.RoundTrip(r)
	if err != nil || streamed(r.Context()) {
		return response, err
	}
	body, err := io.ReadAll(response.Body)
	err = errors.Join(err, response.Body.Close())
	if err != nil {
		return nil, fmt.Errorf("reading the response: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

// options are those of Retry; discarding is called before each pause.
func (t *retrier) options(ctx context.Context, discarding func()) []backoff.RetryOption {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval, pauses.Multiplier = t.retries.Initial, t.retries.Longest, 2
	elapsed := t.retries.Elapsed
	// A pause beyond the deadline would replace the last response by the deadline's error.
	if deadline, ok := ctx.Deadline(); ok {
		elapsed = min(elapsed, max(time.Until(deadline), time.Nanosecond))
	}
	tries := t.retries.Tries
	if withoutRetries(ctx) {
		tries = 1
	}
	return []backoff.RetryOption{
		backoff.WithBackOff(pauses), backoff.WithMaxTries(max(tries, 1)), backoff.WithMaxElapsedTime(elapsed),
		backoff.WithNotify(func(error, time.Duration) { discarding() }),
	}
}

// prepared returns the request for a try: again means that an earlier one has read its body. The mark of a repeatable
// request ends here: net/http would follow it too, and repeat the request without an outcome to observe.
func prepared(r *http.Request, again bool) (*http.Request, error) {
	copied := r.Clone(r.Context())
	if len(copied.Header[markHeader]) == 0 {
		delete(copied.Header, markHeader)
	}
	if !again || r.Body == nil || r.Body == http.NoBody {
		return copied, nil
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, fmt.Errorf("reading the body again: %w", err)
	}
	copied.Body = body
	return copied, nil
}

// drain drops a response that another try replaces. Reading a short body to its end keeps the connection.
func drain(response *http.Response) {
	if response == nil {
		return
	}
	_, _ = io.CopyN(io.Discard, response.Body, maxProblem)
	_ = response.Body.Close()
}

// verdict is nil for a response to return, an error to try again, or a permanent one.
func verdict(r *http.Request, response *http.Response, err error) error {
	switch {
	case errors.As(err, new(*sigv4.Error)):
		return backoff.Permanent(err)
	case err != nil && (!repeatable(r) || r.Context().Err() != nil) && !unsent(err):
		return backoff.Permanent(err)
	case err != nil:
		return err
	case !replayable(r):
		return nil
	}
	after, asked := retryAfter(response.Header)
	switch response.StatusCode {
	case http.StatusTooManyRequests:
		// Nothing was done. Without Retry-After the quota is used up, for hours or days.
		if !asked {
			return nil
		}
	case http.StatusInternalServerError, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		if !repeatable(r) {
			return nil // a write may have been done
		}
	default:
		return nil
	}
	if asked {
		return fmt.Errorf("%w: %w", errRetry, &backoff.RetryAfterError{Duration: after + jitter(after)})
	}
	return errRetry
}

// replayable reports whether the request can be sent again at all.
func replayable(r *http.Request) bool {
	return r.Body == nil || r.Body == http.NoBody || r.GetBody != nil
}

// markHeader marks, without a value, the request of an operation whose repetition the contract allows. It is not sent
// then. The convention is that of net/http's Transport.
const markHeader = "Idempotency-Key"

// Repeatable marks a request as one that may be repeated, whatever its method.
func Repeatable(r *http.Request) { r.Header[markHeader] = nil }

// repeatable reports whether a request that may have been done can be sent again: its method is idempotent (RFC 9110,
// 9.2.2), or it has the header Idempotency-Key.
func repeatable(r *http.Request) bool {
	if !replayable(r) {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions:
		return true
	}
	_, marked := r.Header[markHeader]
	return marked
}

// unsent reports whether a request was never sent: there was no connection.
func unsent(err error) bool {
	operation := new(net.OpError)
	return errors.As(err, &operation) && operation.Op == "dial"
}

// retryAfter parses Retry-After: seconds, or a date (RFC 9110, 10.2.3).
func retryAfter(header http.Header) (time.Duration, bool) {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil && seconds >= 0 {
		return time.Duration(seconds) * time.Second, true
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(time.Until(date), 0), true
	}
	return 0, false
}
