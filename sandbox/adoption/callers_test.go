package adoption

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

const (
	// subject is the caller in the tokens. Logs have a hash of it and of the issuer.
	subject = "jane.doe@" + domain
	order   = "/orders/of-a-caller"
)

// checkCallers checks who may call the API. A token of an unknown key makes the authorizer fetch the keys, which it then
// does not do again for a while: keys rotate before.
func checkCallers(t *testing.T, d deployed) {
	t.Run("a valid token writes and reads an order", func(t *testing.T) { checkAccepted(t, d) })
	t.Run("no request fails while the issuer's keys rotate", func(t *testing.T) { checkRotation(t, d) })
	for _, r := range refusals(time.Now()) {
		t.Run(r.name, func(t *testing.T) { r.check(t, d) })
	}
}

// checkAccepted writes and reads an order, and looks for the caller in the logs.
func checkAccepted(t *testing.T, d deployed) {
	token, err := d.token(t.Context(), nil, oidc.None)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(issuer + " " + subject))
	id := hex.EncodeToString(sum[:16])
	for _, method := range []string{http.MethodPut, http.MethodGet} {
		got, err := d.send(t.Context(), method, order, `{"customer":"jane","cents":5}`, "Bearer "+token)
		if err != nil || got.status != http.StatusOK {
			t.Fatalf("%s: %v, %+v", method, err, got)
		}
		for _, line := range []string{
			logLine(t, d.places.Log("access"), map[string]any{"requestId": got.request, "principalId": id}),
			logLine(t, d.functionLogs(), map[string]any{"request_id": got.request, "caller": id, "status": got.status}),
		} {
			if strings.Contains(line, subject) {
				t.Errorf("a log names the caller: %s", line)
			}
		}
	}
}

func (d deployed) functionLogs() string {
	return filepath.Join(d.places.Data(), "functions", "logs", "*")
}

// checkRotation sends requests of several callers at once while the issuer's keys rotate, each with a token that API
// Gateway has no result of. After the rotation every second one has a token of the key before.
func checkRotation(t *testing.T, d deployed) {
	const callers, each = 4, 5
	var before [callers * each]string
	for i := range before {
		var err error
		if before[i], err = d.token(t.Context(), oidc.Claims{"jti": fmt.Sprint("before ", i)}, oidc.None); err != nil {
			t.Fatal(err)
		}
	}
	read := func(token string) error {
		got, err := d.send(t.Context(), http.MethodGet, order, "", "Bearer "+token)
		if err == nil && got.status != http.StatusOK {
			err = fmt.Errorf("%+v", got)
		}
		return err
	}
	sign := func(caller int) (string, error) {
		return d.token(t.Context(), oidc.Claims{"jti": fmt.Sprint(caller, time.Now().UnixNano())}, oidc.None)
	}
	oldKey, _, _ := strings.Cut(before[0], ".")
	errs := make([]error, callers)
	var began, ended sync.WaitGroup
	for caller := range callers {
		began.Add(1)
		ended.Go(func() {
			once := sync.OnceFunc(began.Done)
			defer once()
			for left := each; left > 0; once() {
				token, err := sign(caller)
				if err == nil {
					err = read(token)
				}
				if !strings.HasPrefix(token, oldKey+".") {
					left--
					err = errors.Join(err, read(before[caller*each+left]))
				}
				if errs[caller] = errors.Join(errs[caller], err); err != nil {
					return
				}
			}
		})
	}
	began.Wait()
	if err := daemon.RotateTokenKey(t.Context(), d.places); err != nil {
		t.Fatal(err)
	}
	ended.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
}
