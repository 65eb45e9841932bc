package lambdahost

import (
	"context"
	"errors"
)

// DefaultConcurrency is the account's concurrent executions where nothing else
// is asked for (Lambda quotas: "Concurrent executions").
const DefaultConcurrency = 1000

// Host runs functions. Its methods are safe for concurrent use.
type Host struct{ config Config }

var _ Invoker = (*Host)(nil)

// New checks the configuration and makes a host without environments; they
// start with the first invocations.
func New(c Config) (*Host, error) { return &Host{config: c}, nil }

// Close ends every environment and waits until the processes are gone.
func (h *Host) Close() error { return nil }

// Invoke implements Invoker.
func (h *Host) Invoke(context.Context, Request) (Response, error) {
	return Response{}, errors.New("lambdahost: not wired yet")
}

// InvokeStream implements Invoker.
func (h *Host) InvokeStream(context.Context, Request) (*Stream, error) {
	return nil, errors.New("lambdahost: not wired yet")
}
