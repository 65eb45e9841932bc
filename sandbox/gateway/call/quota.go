package call

import (
	"cmp"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Enforced is a quota of a call. The emulator enforces none.
type Enforced struct {
	Key string
	// Code, Message and Status are the error in the API reference of the call. Status defaults to 400.
	Code, Message string
	Status        int
	// Used is the current use of the quota, Adds what the call adds to it. Adds defaults to 1.
	Used func(*Exchange) (int, error)
	Adds func(*Exchange) int
}

// Guard rejects a call that would exceed the quota.
func (e Enforced) Guard(next Handler) Handler {
	return func(x *Exchange) error {
		used, err := e.Used(x)
		if err != nil {
			return err
		}
		adds := 1
		if e.Adds != nil {
			adds = e.Adds(x)
		}
		if used+adds > x.Limits.Quota(e.Key) {
			return x.Reject(cmp.Or(e.Status, http.StatusBadRequest), e.Code, e.Message)
		}
		return next(x)
	}
}

// WithinQuotas enforces quotas on calls of a Query protocol service, by action.
func WithinQuotas(calls map[string]Handler, quotas map[string]Enforced) map[string]Handler {
	for action, quota := range quotas {
		calls[action] = quota.Guard(FirstOf(calls[action], calls["*"]))
	}
	return calls
}

// Counted counts the items of a list in the response to a Describe action that include, if given, selects.
func Counted(service, version, action, list string, include func(x *Exchange, item *xmltree.Node) bool) func(*Exchange) (int, error) {
	return func(x *Exchange) (int, error) {
		response, err := x.Emulator.Query(x.Request.Context(), service, version, map[string]string{"Action": action})
		if err != nil {
			return 0, err
		}
		n := 0
		for _, item := range response.First(list).Items() {
			if include == nil || include(x, item) {
				n++
			}
		}
		return n, nil
	}
}
