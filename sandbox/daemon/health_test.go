package daemon

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestHealth(t *testing.T) {
	status := http.StatusOK
	part := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	addr := part.Listener.Addr().String()
	t.Run("a part that responds is healthy", func(t *testing.T) {
		if err := errors.Join(serves(t.Context(), part.URL, nil), accepts(t.Context(), addr)); err != nil {
			t.Error(err)
		}
	})
	t.Run("a part that reports a failure is unhealthy", func(t *testing.T) {
		status = http.StatusServiceUnavailable
		if err := serves(t.Context(), part.URL, nil); err == nil || !strings.Contains(err.Error(), "503") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a part that has exited is unhealthy", func(t *testing.T) {
		part.Close()
		if serves(t.Context(), part.URL, nil) == nil || accepts(t.Context(), addr) == nil {
			t.Error("no error")
		}
	})
}

func TestEnded(t *testing.T) {
	for name, err := range map[string]error{"cleanly": nil, "with an error": errors.New("exit status 1")} {
		t.Run("the error of a part that exited "+name+" names its log", func(t *testing.T) {
			got := ended("ministack", err, "some.log").Error()
			if !strings.Contains(got, "see some.log") || strings.Contains(got, "%!") || err != nil && !strings.Contains(got, err.Error()) {
				t.Errorf("%q", got)
			}
		})
	}
}
