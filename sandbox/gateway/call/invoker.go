package call

import (
	"errors"
	"sync/atomic"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// Invoker holds the invoker, which may come after the gateway is made.
type Invoker struct {
	value atomic.Pointer[lambdahost.Invoker]
}

// Set names what runs functions; nil: it stays as it is.
func (s *Invoker) Set(i lambdahost.Invoker) {
	if i != nil {
		s.value.Store(&i)
	}
}

// Get returns what runs functions.
func (s *Invoker) Get() (lambdahost.Invoker, error) {
	i := s.value.Load()
	if i == nil {
		return nil, errors.New("no function host is running yet: the gateway's SetInvoker was not called")
	}
	return *i, nil
}
