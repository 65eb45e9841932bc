package deployed_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/deployed"
)

// callerIs sets credentials that STS says are of the account.
func callerIs(t *testing.T, account string) {
	t.Helper()
	sts(t, http.StatusOK, fmt.Sprintf(`<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::%s:user/alice</Arn>`+
		`<Account>%s</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`, account, account))
}

// sts sets credentials, and serves STS with one response.
func sts(t *testing.T, status int, body string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	t.Setenv("AWS_ENDPOINT_URL_STS", server.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "example")
	t.Setenv("AWS_SESSION_TOKEN", "")
}

func open(t *testing.T) error {
	t.Helper()
	_, _, err := (&deployed.Source{Stack: "dev", State: "-"}).Open(t.Context(), command.IO{Stdin: strings.NewReader(state)})
	return err
}

func TestCredentialsThatCannotReadTheStackAreRejectedOnce(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(t *testing.T)
		want string
	}{
		"none": {func(t *testing.T) {
			for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"} {
				t.Setenv(name, "")
			}
			t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
			t.Setenv("AWS_CONFIG_FILE", "/dev/null")
			t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
		}, "there are no AWS credentials: set AWS_PROFILE"},
		"expired": {func(t *testing.T) {
			sts(t, http.StatusForbidden, `<ErrorResponse><Error><Code>ExpiredToken</Code><Message>The security token included in the request is expired</Message></Error></ErrorResponse>`)
		}, "or sign in again: ExpiredToken: The security token included in the request is expired"},
		"of another account": {func(t *testing.T) { callerIs(t, "222222222222") },
			"the stack dev is in the account 111111111111, and the credentials are of 222222222222 (arn:aws:iam::222222222222:user/alice)"},
	} {
		t.Run(name, func(t *testing.T) {
			c.set(t)
			if err := open(t); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
