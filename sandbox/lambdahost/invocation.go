package lambdahost

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/uuid"
)

// invocation is one request on its way through an environment. Fields above
// the channels are fixed before it is handed on; those below belong to whoever
// answers first and may be read once answered is closed.
type invocation struct {
	id       string
	function Function
	request  Request
	stream   bool
	rate     int64     // of the stream, as Config has it
	deadline time.Time // set when the environment takes it
	tail     tailBuffer

	once      sync.Once
	responds  sync.Once
	answered  chan struct{} // the answer began (stream), is whole (buffered), or failed
	responded chan struct{} // the runtime has posted its whole response or error
	done      chan struct{} // the environment is free again, or gone

	failure     *FunctionError
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
		id: uuid.NewString(), function: f, request: r, stream: stream,
		answered: make(chan struct{}), responded: make(chan struct{}), done: make(chan struct{}),
	}
}

// answer sets the whole buffered answer.
func (inv *invocation) answer(payload []byte) {
	inv.once.Do(func() {
		inv.payloadOut = payload
		close(inv.answered)
	})
}

// begin opens the streamed answer; the writer is nil when the invocation has
// failed already.
func (inv *invocation) begin(contentType string) *io.PipeWriter {
	inv.once.Do(func() {
		inv.contentType = contentType
		inv.reader, inv.writer = io.Pipe()
		close(inv.answered)
	})
	return inv.writer
}

// fail answers with the failure, or ends the stream with it when the answer
// has begun. It does nothing to a whole answer.
func (inv *invocation) fail(failure *FunctionError) {
	inv.once.Do(func() {
		inv.failure = failure
		close(inv.answered)
	})
	if inv.writer != nil {
		_ = inv.writer.CloseWithError(failure) // never fails; the first error stays
	}
}

// abandon lets a streamed answer that nobody waits for run into the void.
func (inv *invocation) abandon() {
	go func() {
		<-inv.answered
		if inv.reader != nil {
			_ = inv.reader.Close() // never fails
		}
	}()
}

// respond says that the runtime has posted all it will.
func (inv *invocation) respond() { inv.responds.Do(func() { close(inv.responded) }) }

// finish says that the invocation is over, and its environment free again or gone.
func (inv *invocation) finish() { close(inv.done) }

// newFailure is a failure that the platform words itself.
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

// reportedFailure is a failure as the runtime posted it. The payload goes to
// the caller as it is, stack trace included.
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

// tailBuffer keeps the last logTail bytes that were added.
type tailBuffer struct{ b []byte }

func (t *tailBuffer) add(line string) {
	t.b = append(append(t.b, line...), '\n')
	if over := len(t.b) - logTail; over > 0 {
		t.b = append(t.b[:0], t.b[over:]...)
	}
}

func (t *tailBuffer) bytes() []byte { return t.b }

// newTraceID is an unsampled X-Ray header.
func newTraceID(now time.Time) string {
	return fmt.Sprintf("Root=1-%08x-%s;Parent=%s;Sampled=0", now.Unix(), randomHex(12), randomHex(8))
}

// randomHex is n random bytes in hexadecimal.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // crypto/rand never fails
	return hex.EncodeToString(b)
}
