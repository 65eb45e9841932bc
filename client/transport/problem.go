package transport

import (
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// Problem is the error of a response with an unexpected status: what problem details (RFC 9457) say of it, and what
// the response's status and headers do where it has none.
type Problem struct {
	// Status is the response's.
	Status int
	// Title and Detail are for people; Detail may be empty.
	Title, Detail string
	// RequestID is the request's in the API's logs.
	RequestID string
	// RetryAfter is how long the API requires to wait; 0: the response does not say.
	RetryAfter time.Duration
	// Method and Path are the request's.
	Method, Path string
}

// Errors to compare with, by errors.Is.
var (
	ErrNotFound     = &Problem{Status: http.StatusNotFound}
	ErrPrecondition = &Problem{Status: http.StatusPreconditionFailed}
	ErrThrottled    = &Problem{Status: http.StatusTooManyRequests}
	ErrUnauthorized = &Problem{Status: http.StatusUnauthorized}
	ErrForbidden    = &Problem{Status: http.StatusForbidden}
	ErrUnavailable  = &Problem{Status: http.StatusServiceUnavailable}
)

// Is reports whether target is a Problem with this status and without a request, such as ErrNotFound.
func (p *Problem) Is(target error) bool {
	other, ok := target.(*Problem)
	return ok && other.Status == p.Status && other.Method == ""
}

// Error implements error.
func (p *Problem) Error() string {
	text := fmt.Sprintf("%s %s: %d %s", p.Method, p.Path, p.Status, p.Title)
	if p.Detail != "" {
		text += ": " + p.Detail
	}
	if p.RequestID != "" {
		text += " (request " + p.RequestID + ")"
	}
	return text
}

// maxProblem bounds what is read of a problem.
const maxProblem = 64 << 10

// NewProblem reads the response, whose status is not the expected one, and closes its body.
func NewProblem(response *http.Response) *Problem {
	defer func() { _ = response.Body.Close() }()
	p := &Problem{
		Status: response.StatusCode, Title: http.StatusText(response.StatusCode), RequestID: response.Header.Get("X-Request-Id"),
		Method: response.Request.Method, Path: response.Request.URL.EscapedPath(),
	}
	p.RetryAfter, _ = retryAfter(response.Header)
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if !strings.HasSuffix(mediaType, "json") {
		return p
	}
	var details struct {
		Title     string `json:"title"`
		Detail    string `json:"detail"`
		RequestID string `json:"request_id"`
	}
	if text, err := io.ReadAll(io.LimitReader(response.Body, maxProblem)); err != nil || json.Unmarshal(text, &details) != nil {
		return p // the status says what is known
	}
	if details.Title != "" {
		p.Title = details.Title
	}
	if details.RequestID != "" {
		p.RequestID = details.RequestID
	}
	p.Detail = details.Detail
	return p
}
