package daemon

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

func TestAnEventAboveLambdasLimitIsRejectedAndNotCut(t *testing.T) {
	w := httptest.NewRecorder()
	event := strings.NewReader(strings.Repeat(" ", lambdahost.MaxPayload+1))
	(&server{}).invoke(w, httptest.NewRequest(http.MethodPost, "/functions/f/invocations", event))
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "too large") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
