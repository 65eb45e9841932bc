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

// errStream is all that a client learns of a body that breaks off.
var errBodyFailed = errors.New("the body could not be read to its end")

// errUnsent is the cause when the platform took a body no further.
var errBodyUnsent = errors.New("the body was not sent to its end")

// problemJSON is an error as RFC 9457 has it.
type problemJSON struct {
	Title     string `json:"title"`
	Status    int    `json:"status"`
	Detail    string `json:"detail,omitempty"`
	RequestID string `json:"request_id"`
}

// statuses maps every kind of fault; this is the only place that does.
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

// problem turns err into an answer with the given headers. A nil err stands
// for a request that no route takes: with Allow, a method that is not one of
// the resource's.
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

// title is the status phrase of RFC 9110, 15, which RFC 9457, 4.2.1 wants of a
// problem without a type of its own. net/http has some phrases of older RFCs.
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

// describe returns the status for err and what the client may know of it.
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
		return http.StatusInternalServerError, "the request could not be answered; its id helps to find out why"
	default:
		return statuses[known.Kind], known.Detail
	}
}

// crash is the error of a panic, with where it happened, for the log.
func panicError(panicked any) error {
	return fault.NewInternal("handling the request", fmt.Errorf("panic: %v\n%s", panicked, debug.Stack()))
}
