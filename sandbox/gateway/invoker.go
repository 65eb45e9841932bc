package gateway

import (
	"errors"
	"sync/atomic"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// invokerSlot holds the invoker, which may come after the gateway is made.
type invokerSlot struct {
	value atomic.Pointer[lambdahost.Invoker]
}

func (s *invokerSlot) set(i lambdahost.Invoker) {
	if i != nil {
		s.value.Store(&i)
	}
}

func (s *invokerSlot) get() (lambdahost.Invoker, error) {
	i := s.value.Load()
	if i == nil {
		return nil, errors.New("no function host is running yet: the gateway's SetInvoker was not called")
	}
	return *i, nil
}
