package lambdahost

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// invocation is a request in an environment. The fields above the channels are set before it is passed on; those below
// are set by the first response or failure and may be read once resolved is closed.
type invocation struct {
	id       string
	function Function
	request  Request
	stream   bool
	rate     int64     // of the stream: Config.StreamRate
	deadline time.Time // set when the environment receives it
	tail     tailBuffer
	running  running       // when it began
	begun    time.Time     // when the request was admitted
	took     time.Duration // of the function's code; set at the end

	once      sync.Once
	responds  sync.Once
	resolved  chan struct{} // the response has begun (stream), is complete (buffered), or has failed
	responded chan struct{} // the runtime has posted its complete response or error
	done      chan struct{} // the environment is available again, or has ended

	failure     *FunctionError
	failed      atomic.Bool // also after a response has begun
	payloadOut  []byte
	contentType string
	reader      *io.PipeReader
	writer      *io.PipeWriter
}

func newInvocation(f Function, r Request, stream bool) *invocation {
	if r.TraceID == "" {
		r.TraceID = newTraceID(time.Now())
	}
	return &invocation{
		id: uuid.NewString(), begun: time.Now(), function: f, request: r, stream: stream,
		resolved: make(chan struct{}), responded: make(chan struct{}), done: make(chan struct{}),
	}
}

// setPayload sets the complete buffered response.
func (inv *invocation) setPayload(payload []byte) {
	inv.once.Do(func() {
		inv.payloadOut = payload
		close(inv.resolved)
	})
}

// begin opens the streamed response. It returns nil if the invocation has already failed.
func (inv *invocation) begin(contentType string) *io.PipeWriter {
	inv.once.Do(func() {
		inv.contentType = contentType
		inv.reader, inv.writer = io.Pipe()
		close(inv.resolved)
	})
	return inv.writer
}

// fail sets the failure, or ends a stream that has begun with it. It does not change a complete response.
func (inv *invocation) fail(failure *FunctionError) {
	inv.failed.Store(true)
	inv.abort(failure)
}

// abort is fail for an invocation that may have its complete response.
func (inv *invocation) abort(failure *FunctionError) {
	inv.once.Do(func() {
		inv.failure = failure
		close(inv.resolved)
	})
	if inv.writer != nil {
		_ = inv.writer.CloseWithError(failure) // never fails; the first error stays
	}
}

// abandon discards a streamed response whose reader has left.
func (inv *invocation) abandon() {
	go func() {
		<-inv.resolved
		if inv.reader != nil {
			_ = inv.reader.Close() // never fails
		}
	}()
}

// respond marks that the runtime has posted its complete response.
func (inv *invocation) respond() { inv.responds.Do(func() { close(inv.responded) }) }

// finish marks the end of the invocation; its environment is available again or has ended.
func (inv *invocation) finish() { close(inv.done) }

// newFailure returns a failure with a message of AWS's.
func newFailure(requestID, kind, format string, args ...any) *FunctionError {
	message := "RequestId: " + requestID + " Error: " + fmt.Sprintf(format, args...)
	return &FunctionError{Type: kind, Message: message, Payload: failurePayload(kind, message)}
}

func failurePayload(kind, message string) []byte {
	b, err := json.Marshal(struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}{kind, message})
	if err != nil {
		return []byte("{}") // unreachable: two strings always marshal
	}
	return b
}

// reportedFailure is a failure that the runtime has posted. The caller receives the payload unchanged, including the
// stack trace.
func reportedFailure(kind string, payload []byte) *FunctionError {
	f := &FunctionError{Type: kind, Payload: payload}
	var reported struct {
		Type    string `json:"errorType"`
		Message string `json:"errorMessage"`
	}
	if err := json.Unmarshal(payload, &reported); err == nil {
		f.Message = reported.Message
		if reported.Type != "" {
			f.Type = reported.Type
		}
	}
	if f.Type == "" {
		f.Type = "Runtime.Unknown"
	}
	return f
}

// tailBuffer keeps the last logTail bytes.
type tailBuffer struct{ b []byte }

func (t *tailBuffer) add(line string) {
	t.b = append(append(t.b, line...), '\n')
	if over := len(t.b) - logTail; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
}

func (t *tailBuffer) bytes() []byte { return t.b }

// newTraceID returns an unsampled X-Ray header.
func newTraceID(now time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", now.Unix(), randomHex(12), randomHex(8))
}

// randomHex returns n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}
