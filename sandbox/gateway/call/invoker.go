package call

import (
	"errors"
	"sync/atomic"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// Invoker holds the function host, which may be set after the gateway is created.
type Invoker struct {
	value atomic.Pointer[lambdahost.Invoker]
}

// Set sets the function host, unless i is nil.
func (s *Invoker) Set(i lambdahost.Invoker) {
	if i != nil {
		s.value.Store(&i)
	}
}

// Get returns the function host.
func (s *Invoker) Get() (lambdahost.Invoker, error) {
	i := s.value.Load()
	if i == nil {
		return nil, errors.New("there is no function host: call the gateway's SetInvoker first")
	}
	return *i, nil
}
