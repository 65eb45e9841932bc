package call

import (
	"cmp"
	"net/http"

	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// Enforced is a quota with the call that runs into it: the emulator lets an account have any number.
type Enforced struct {
	Key string
	// Code, message and status are the refusal, as the API reference of the call has it; the status is 400
	// unless it says so.
	Code, Message string
	Status        int
	// Used is what counts against the quota by now; adds is what the call adds, 1 unless it says so.
	Used func(*Exchange) (int, error)
	Adds func(*Exchange) int
}

// Guard refuses a call that would exceed the quota.
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
			return x.Refuse(cmp.Or(e.Status, http.StatusBadRequest), e.Code, e.Message)
		}
		return next(x)
	}
}

// WithinQuotas guards the calls of a Query protocol service.
func WithinQuotas(calls map[string]Handler, quotas map[string]Enforced) map[string]Handler {
	for action, quota := range quotas {
		calls[action] = quota.Guard(FirstOf(calls[action], calls["*"]))
	}
	return calls
}

// Counted counts the items of a list that a call describes, those that the filter takes.
func Counted(service, version, action, list string, takes func(x *Exchange, item *xmltree.Node) bool) func(*Exchange) (int, error) {
	return func(x *Exchange) (int, error) {
		answer, err := x.Emulator.Query(x.Request.Context(), service, version, map[string]string{"Action": action})
		if err != nil {
			return 0, err
		}
		n := 0
		for _, item := range answer.First(list).Items() {
			if takes == nil || takes(x, item) {
				n++
			}
		}
		return n, nil
	}
}
