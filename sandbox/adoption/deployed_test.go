package adoption

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/daemon"
	"github.com/didomi/serverless-api/sandbox/deploy"
	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

// Whose tokens the stack requires, and for what.
const (
	issuer   = "https://login." + domain + "/tenant"
	audience = "https://orders." + domain
)

// requireTokens has the stack dev require a token.
func (c clone) requireTokens(t *testing.T) {
	t.Helper()
	const before = "    requireApiKey: false\n"
	c.edit(t, "Pulumi.dev.yaml", before, before+"    auth: jwt\n    jwt:\n      issuer: "+issuer+"\n      audience: "+audience+"\n")
	c.run(t, "git", "commit", "--quiet", "--all", "--message", "Require tokens in dev")
}

// deployed is the stack that the clone's sandbox serves.
type deployed struct {
	places layout.Layout
	url    string
}

func (c clone) deployed(t *testing.T) deployed {
	t.Helper()
	places, err := layout.Find(c.dir)
	if err != nil {
		t.Fatal(err)
	}
	outputs, err := deploy.ReadOutputs(places, "dev")
	if err != nil {
		t.Fatal(err)
	}
	return deployed{places, outputs.URL}
}

// token is a token that the stack accepts for all of the orders' operations, with other claims and a defect. No two are
// equal, so API Gateway has no result of it.
func (d deployed) token(ctx context.Context, other oidc.Claims, defect oidc.Defect) (string, error) {
	claims, err := deploy.CallerClaims(d.places, "dev")
	if err != nil {
		return "", err
	}
	claims["sub"], claims["scope"], claims["jti"] = subject, "orders:read orders:write", time.Now().Format(time.RFC3339Nano)
	maps.Copy(claims, other)
	return daemon.ForgedToken(ctx, d.places, claims, defect)
}

// response is what the tests compare of one.
type response struct {
	status                              int
	mediaType, challenge, request, body string
}

// send sends a request with these Authorization headers.
func (d deployed) send(ctx context.Context, method, path, body string, authorization ...string) (response, error) {
	request, err := http.NewRequestWithContext(ctx, method, d.url+path, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	request.Header["Authorization"] = authorization
	request.Header.Set("Content-Type", "application/json")
	received, err := http.DefaultClient.Do(request)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = received.Body.Close() }()
	text, err := io.ReadAll(received.Body)
	return response{
		received.StatusCode, received.Header.Get("Content-Type"), received.Header.Get("Www-Authenticate"),
		received.Header.Get("X-Request-Id"), string(text),
	}, err
}

// logLine waits for a line of one of the logs that has all of these members, and returns it: a line is written after
// the response.
func logLine(t *testing.T, pattern string, want map[string]any) string {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range bytes.Lines(text) {
				if hasMembers(line, want) {
					return string(line)
				}
			}
		}
		if time.Now().After(end) {
			t.Fatalf("no line of %s has %v", pattern, want)
		}
	}
}

// hasMembers reports whether the JSON object in a line, which may begin with a name, has these members.
func hasMembers(line []byte, want map[string]any) bool {
	start := bytes.IndexByte(line, '{')
	var members map[string]any
	if start < 0 || json.Unmarshal(line[start:], &members) != nil {
		return false
	}
	for name, value := range want {
		if fmt.Sprint(members[name]) != fmt.Sprint(value) {
			return false
		}
	}
	return true
}
