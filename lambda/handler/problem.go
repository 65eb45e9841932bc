package handler

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"

	"github.com/didomi/serverless-api/lambda/fault"
)

// errBodyFailed is all that a client sees of a failure in the middle of a body.
var errBodyFailed = errors.New("the body could not be read to its end")

// errBodyUnsent is the cause when the platform stopped reading a body.
var errBodyUnsent = errors.New("the body was not sent to its end")

// problemJSON is a problem details object (RFC 9457).
type problemJSON struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	RequestID string `json:"request_id"`
}

// statuses maps every kind of error to its status; nothing else does.
var statuses = map[fault.Kind]int{
	fault.NotFound:     http.StatusNotFound,
	fault.Malformed:    http.StatusBadRequest,
	fault.Invalid:      http.StatusUnprocessableEntity,
	fault.Precondition: http.StatusPreconditionFailed,
	fault.TooLarge:     http.StatusRequestEntityTooLarge,
	fault.MediaType:    http.StatusUnsupportedMediaType,
	fault.Unavailable:  http.StatusServiceUnavailable,
	fault.Internal:     http.StatusInternalServerError,
}

// problemResponse returns the response for err, with the given headers. A nil err means that no route matched: the
// header Allow tells a wrong method (405) from an unknown resource (404).
func problemResponse(r *request, header http.Header, err error) *response {
	status, detail := statusAndDetail(header, err)
	resp := newResponse(status)
	resp.cause = err
	for name, values := range header {
		resp.header[name] = values
	}
	var known *fault.Error
	if errors.As(err, &known) && known.RetryAfter > 0 {
		resp.header.Set("Retry-After", strconv.Itoa(int(math.Ceil(known.RetryAfter.Seconds()))))
	}
	resp.header.Set("Content-Type", "application/problem+json")
	resp.header.Set("Cache-Control", "no-store")
	resp.body, _ = json.Marshal(problemJSON{
		Title: statusTitle(status), Status: status, Detail: detail, RequestID: r.id,
	})
	return resp
}

// statusTitle returns the status phrase of RFC 9110, 15, which RFC 9457, 4.2.1 requires of a problem without a type.
// net/http has some phrases of older RFCs.
func statusTitle(status int) string {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return "Content Too Large"
	case http.StatusRequestedRangeNotSatisfiable:
		return "Range Not Satisfiable"
	case http.StatusUnprocessableEntity:
		return "Unprocessable Content"
	}
	return http.StatusText(status)
}

// statusAndDetail returns the status for err and the detail for the client.
func statusAndDetail(header http.Header, err error) (int, string) {
	var known *fault.Error
	switch {
	case err == nil && header.Get("Allow") != "":
		return http.StatusMethodNotAllowed, "this resource has the methods " + header.Get("Allow")
	case err == nil:
		return http.StatusNotFound, "there is no such resource"
	case header.Get("Content-Range") != "":
		return http.StatusRequestedRangeNotSatisfiable, "the range is not within the file"
	case !errors.As(err, &known) || known.Kind == fault.Internal:
		return http.StatusInternalServerError, "the request failed; its id helps to find the cause"
	default:
		return statuses[known.Kind], known.Detail
	}
}

// panicError returns the error for a panic, with its stack for the log.
func panicError(panicked any) error {
	return fault.NewInternal("handling the request", fmt.Errorf("panic: %v\n%s", panicked, debug.Stack()))
}
