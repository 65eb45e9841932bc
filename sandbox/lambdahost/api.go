package lambdahost

import (
	"context"
	"errors"
	"io"
	"time"
)

// ErrNotFound means that the control plane has no such function, version or alias.
var ErrNotFound = errors.New("function not found")

// Invoker has the methods of Host that its callers use.
type Invoker interface {
	// Invoke runs the function and returns its complete response. Errors are ErrNotFound, *Error or ctx's, possibly
	// wrapped.
	Invoke(ctx context.Context, r Request) (Response, error)
	// InvokeStream runs the function and returns its response as it is written. The error of a function that fails
	// before its response begins is a *FunctionError.
	InvokeStream(ctx context.Context, r Request) (*Stream, error)
}

// Request is one invocation.
type Request struct {
	Function  string // name or ARN, qualified or not
	Qualifier string // alias or version; empty: the one in Function, or $LATEST
	Payload   []byte
	// TraceID is the value of the X-Amzn-Trace-Id header; if empty, one is generated.
	TraceID string
	// ClientContext is the decoded X-Amz-Client-Context; usually empty.
	ClientContext string
}

// Response is the response of a buffered invocation.
type Response struct {
	RequestID       string
	ExecutedVersion string
	Payload         []byte
	// FunctionError is the X-Amz-Function-Error header: empty on success, else "Unhandled", and Payload has errorType and
	// errorMessage.
	FunctionError string
	// LogTail is the last 4 KB of the invocation's log (LogType: Tail).
	LogTail []byte
}

// Stream is the response of a streaming invocation. Its body must be closed.
type Stream struct {
	RequestID       string
	ExecutedVersion string
	// ContentType is the content type that the function declares.
	ContentType string
	// Body is the response as it arrives. It ends with io.EOF, or with a *FunctionError if the function fails after the
	// response has begun.
	Body io.ReadCloser
}

// FunctionError is a function's failure during a streamed response.
type FunctionError struct {
	Type    string
	Message string
	Payload []byte // errorType and errorMessage as JSON
}

// Error implements error.
func (e *FunctionError) Error() string { return e.Type + ": " + e.Message }

// Error is a failure of the Lambda API itself, which the caller returns to its client.
type Error struct {
	Status  int    // HTTP status
	Type    string // "TooManyRequestsException", ...
	Reason  string // body member Reason, for throttles; may be empty
	Message string
}

// Error implements error.
func (e *Error) Error() string { return e.Type + ": " + e.Message }

// LogLine is one line of a function's log.
type LogLine struct {
	Group, Stream string // CloudWatch log group and stream
	Function      string
	Time          time.Time
	Text          string // without the newline
}
