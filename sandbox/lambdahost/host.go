package lambdahost

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Config configures a Host.
type Config struct {
	Source Source
	// Dir contains code/ (unpacked zips), swaps/ (code that runs in place of deployed code) and tmp/ (each environment's
	// TMPDIR), which New empties, and logs/ (one file per function). It is created if missing.
	Dir       string
	Region    string
	AccountID string
	// Platform has the variables that every function gets in addition to the standard ones: AWS_ENDPOINT_URL,
	// SSL_CERT_FILE, SANDBOX_ROOT, ... They override the function's own.
	Platform map[string]string
	// Internet has the variables that only functions outside a VPC get.
	Internet map[string]string
	// Logs receives every log line as it is written; nil: only files. It is called concurrently and must not block for
	// long.
	Logs func(LogLine)
	// Invoked is called after each invocation, and with each that is throttled; nil: none.
	Invoked func(Invoked)
	// Concurrency is the account's limit of concurrent executions; zero means DefaultConcurrency.
	Concurrency int
	// Idle is the time after which an idle environment ends; zero means DefaultIdle.
	Idle time.Duration
	// StreamRate is the rate of a stream after StreamBurst bytes, in bytes per second; zero means no limit.
	StreamRate int64
	// KeepRunning leaves idle environments running instead of freezing them.
	KeepRunning bool
}

// Host runs functions. Its methods are safe for concurrent use.
type Host struct {
	config  Config
	code    *codeStore
	swaps   string // parent of the directories of swapped code
	scratch string // parent of the environments' temporary directories
	logs    *logFiles
	admit   *admission
	live    register

	mu     sync.Mutex
	closed bool
	pools  map[string]*pool // by function name and version
	// swapped is the code that runs in place of deployed code, by function name.
	swapped map[string]*swapped
	owners  map[string]bool // who may swap code
	// debugPorts are taken by the environments whose debugger listens there, by address.
	debugPorts map[string]chan struct{}
	stop       chan struct{}
	work       sync.WaitGroup // invocations, environments and the reaper
}

var _ Invoker = (*Host)(nil)

// New returns a host without environments; invocations start them.
func New(c Config) (*Host, error) {
	if c.Source == nil || c.Dir == "" || c.Region == "" || c.AccountID == "" {
		return nil, errors.New("lambdahost: Source, Dir, Region and AccountID must be set in Config")
	}
	if c.Concurrency == 0 {
		c.Concurrency = DefaultConcurrency
	}
	if c.Invoked == nil {
		c.Invoked = func(Invoked) {}
	}
	if c.Idle == 0 {
		c.Idle = DefaultIdle
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return nil, fmt.Errorf("lambdahost: directory %s: %w", c.Dir, err)
	}
	c.Dir = dir
	code, swaps, scratch, logs := filepath.Join(dir, "code"), filepath.Join(dir, "swaps"), filepath.Join(dir, "tmp"), filepath.Join(dir, "logs")
	err = errors.Join(
		os.RemoveAll(code), os.RemoveAll(swaps), os.RemoveAll(scratch), // leftovers of a killed daemon
		os.MkdirAll(code, 0o700), os.MkdirAll(swaps, 0o700), os.MkdirAll(scratch, 0o700), os.MkdirAll(logs, 0o700),
	)
	if err != nil {
		return nil, fmt.Errorf("lambdahost: prepare %s: %w", dir, err)
	}
	h := &Host{
		config:     c,
		code:       &codeStore{dir: code},
		swaps:      swaps,
		scratch:    scratch,
		logs:       newLogFiles(logs, c.Logs),
		admit:      newAdmission(c.Concurrency),
		pools:      map[string]*pool{},
		swapped:    map[string]*swapped{},
		owners:     map[string]bool{},
		debugPorts: map[string]chan struct{}{},
		stop:       make(chan struct{}),
	}
	h.work.Add(1)
	go h.reap()
	return h, nil
}

// Close ends all environments with their running invocations and waits until the processes have exited. A second call
// does nothing.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	close(h.stop)
	for _, p := range h.pools {
		p.retire()
	}
	h.live.kill()
	h.mu.Unlock()
	h.work.Wait()
	return h.logs.close()
}

// Invoke implements Invoker. The function runs to its end even if ctx is done first, as on AWS.
func (h *Host) Invoke(ctx context.Context, r Request) (Response, error) {
	inv, err := h.begin(ctx, r, false)
	if err != nil {
		return Response{}, err
	}
	select {
	case <-inv.done:
	case <-ctx.Done():
		return Response{}, fmt.Errorf("invoke %s: %w", r.Function, ctx.Err())
	}
	response := Response{
		RequestID:       inv.id,
		ExecutedVersion: inv.function.Version,
		Payload:         inv.payloadOut,
		LogTail:         inv.tail.bytes(),
	}
	if inv.failure != nil {
		response.FunctionError, response.Payload = "Unhandled", inv.failure.Payload
	}
	return response, nil
}

// InvokeStream implements Invoker. If the stream is closed early, the function still runs to its end: its output is
// discarded, within its timeout and MaxStream.
func (h *Host) InvokeStream(ctx context.Context, r Request) (*Stream, error) {
	inv, err := h.begin(ctx, r, true)
	if err != nil {
		return nil, err
	}
	select {
	case <-inv.resolved:
	case <-ctx.Done():
		inv.abandon()
		return nil, fmt.Errorf("invoke %s: %w", r.Function, ctx.Err())
	}
	if inv.failure != nil {
		return nil, inv.failure
	}
	return &Stream{
		RequestID:       inv.id,
		ExecutedVersion: inv.function.Version,
		ContentType:     inv.contentType,
		Body:            inv.reader,
	}, nil
}

// begin resolves the function, takes a concurrency slot and starts the invocation in a goroutine.
func (h *Host) begin(ctx context.Context, r Request, stream bool) (*invocation, error) {
	if len(r.Payload) > MaxPayload {
		return nil, &Error{
			Status: 413, Type: "RequestTooLargeException",
			Message: fmt.Sprintf("Request must be smaller than %d bytes for the InvokeFunction operation", MaxPayload),
		}
	}
	f, err := h.config.Source.Function(ctx, r.Function, r.Qualifier)
	if err != nil {
		return nil, fmt.Errorf("look up function %s: %w", r.Function, err)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosing
	}
	code := h.swappedCode(f)
	if code != nil {
		f = code.adapt(f)
	}
	running, release, err := h.admit.enter(f)
	if err != nil {
		h.config.Invoked(Invoked{Function: f, Start: time.Now(), Throttled: true})
		return nil, err
	}
	inv := newInvocation(f, r, stream)
	inv.running = running
	inv.rate = h.config.StreamRate
	p := h.pool(f, code)
	h.work.Add(1)
	p.addUser()
	go func() {
		defer h.work.Done()
		defer p.removeUser()
		p.run(inv)
		// The caller is notified last, so that its next call finds the slot and the environment free.
		release()
		h.config.Invoked(inv.invoked())
		inv.finish()
	}()
	return inv, nil
}

// errClosing is the error of a host that Close was called on.
var errClosing = &Error{Status: 503, Type: "ServiceException", Message: "the Lambda host is shutting down"}

func poolKey(f Function) string { return f.Name + ":" + f.Version }

// pool returns the environments of the function's version that run the code (nil: the deployed one), and retires those
// with another code or an older configuration. h.mu is held.
func (h *Host) pool(f Function, code *swapped) *pool {
	key := poolKey(f)
	print := fingerprint(f)
	if p := h.pools[key]; p != nil {
		if p.fingerprint == print && p.code == code {
			return p
		}
		p.retire()
	}
	p := &pool{host: h, function: f, fingerprint: print, code: code}
	h.pools[key] = p
	return p
}

// reap ends environments that have been idle for too long.
func (h *Host) reap() {
	defer h.work.Done()
	tick := time.NewTicker(max(h.config.Idle/4, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-h.stop:
			return
		case now := <-tick.C:
			h.mu.Lock()
			for _, p := range h.pools {
				p.reap(now.Add(-h.config.Idle))
			}
			h.mu.Unlock()
		}
	}
}
