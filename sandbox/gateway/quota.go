package gateway

import (
	"cmp"
	"net/http"
)

// enforced is a quota with the call that runs into it: the emulator lets an account have any number.
type enforced struct {
	key string
	// code, message and status are the refusal, as the API reference of the call has it; the status is 400
	// unless it says so.
	code, message string
	status        int
	// used is what counts against the quota by now; adds is what the call adds, 1 unless it says so.
	used func(*exchange) (int, error)
	adds func(*exchange) int
}

// guard refuses a call that would exceed the quota.
func (e enforced) guard(next handler) handler {
	return func(x *exchange) error {
		used, err := e.used(x)
		if err != nil {
			return err
		}
		adds := 1
		if e.adds != nil {
			adds = e.adds(x)
		}
		if used+adds > x.g.limits.quota(e.key) {
			return x.refuse(cmp.Or(e.status, http.StatusBadRequest), e.code, e.message)
		}
		return next(x)
	}
}

// withinQuotas guards the calls of a Query protocol service.
func withinQuotas(calls map[string]handler, quotas map[string]enforced) map[string]handler {
	for action, quota := range quotas {
		calls[action] = quota.guard(firstOf(calls[action], calls["*"]))
	}
	return calls
}

// counted counts the items of a list that a call describes, those that the filter takes.
func counted(service, version, action, list string, takes func(x *exchange, item *node) bool) func(*exchange) (int, error) {
	return func(x *exchange) (int, error) {
		answer, err := x.g.admin.query(x.r.Context(), service, version, map[string]string{"Action": action})
		if err != nil {
			return 0, err
		}
		n := 0
		for _, item := range answer.first(list).items() {
			if takes == nil || takes(x, item) {
				n++
			}
		}
		return n, nil
	}
}
