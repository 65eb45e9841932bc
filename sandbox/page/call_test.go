package page

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/sandbox/deploy"
)

const apiDocument = `{"openapi":"3.0.3","servers":[{"url":"https://api.example"}],"security":[{"key":[]}],
	"paths":{"/items":{"parameters":[{"in":"header","name":"If-Match","example":"optional-example"},{"in":"path","name":"id","required":true,"example":"required-example"}],"get":{"security":[{"key":[]}],"summary":"list"}}},"components":{"schemas":{},"securitySchemes":{"key":{}}}}`

// serveAPI serves an API that the stack dev has, and returns the page and what the API receives.
func serveAPI(t *testing.T, auth string) (*page, *[]*http.Request) {
	t.Helper()
	received := &[]*http.Request{}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*received = append(*received, r)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		w.Header().Set("Content-Type", "text/html")
		if strings.HasSuffix(r.URL.Path, "/openapi.json") {
			_, _ = fmt.Fprint(w, apiDocument)
			return
		}
		w.WriteHeader(http.StatusTeapot)
		_, _ = fmt.Fprint(w, "<script>alert(1)</script>")
	}))
	t.Cleanup(api.Close)
	p := testPage(t)
	writeOutputs(t, p.layout, deploy.Outputs{
		Stack: "dev", Generation: "one", URL: api.URL + "/id/dev", APIKey: "the-api-key", Region: "eu-west-1", AccessKeyID: "AKID", SecretAccessKey: "SECRET",
		Stacked: map[string]any{"dashboard": "didomi-dev-api", "auth": auth},
	})
	return p, received
}

func TestARequestReachesTheAPIWithItsAuthentication(t *testing.T) {
	for auth, want := range map[string]string{openapi.AuthNone: "", openapi.AuthIAM: "AWS4-HMAC-SHA256 Credential=AKID/", openapi.AuthJWT: ""} {
		t.Run(auth, func(t *testing.T) {
			p, received := serveAPI(t, auth)
			r := httptest.NewRequest(http.MethodPut, "http://127.0.0.1:4569/call/dev/items/a%2Fb%20c?limit=1", strings.NewReader("{}"))
			w := send(t, p, r)
			if w.Code != http.StatusTeapot || len(*received) != 1 {
				t.Fatalf("status %d, %d requests: %s", w.Code, len(*received), w.Body)
			}
			got := (*received)[0]
			if got.Method != http.MethodPut || got.RequestURI != "/id/dev/items/a%2Fb%20c?limit=1" || got.Header.Get("X-Api-Key") != "the-api-key" {
				t.Errorf("%s %s with %v", got.Method, got.RequestURI, got.Header)
			}
			if authorization := got.Header.Get("Authorization"); !strings.HasPrefix(authorization, want) || (authorization == "") != (want == "") {
				t.Errorf("the authorization is %q, want %q", authorization, want)
			}
		})
	}
}

func TestAResponseOfTheAPIRunsNothingAndNoOtherOriginReadsIt(t *testing.T) {
	p, _ := serveAPI(t, openapi.AuthNone)
	w := get(t, p, "/call/dev/files/page.html")
	if got := w.Header().Values("Content-Security-Policy"); len(got) != 1 || !strings.HasPrefix(got[0], "sandbox;") {
		t.Errorf("the policies are %q", got)
	}
	if got := w.Header().Get("Access-Control-Allow-Origin"); got != "" {
		t.Errorf("the origins %q may read it", got)
	}
	for _, secret := range []string{"the-api-key", "SECRET"} {
		if strings.Contains(fmt.Sprint(w.Header(), w.Body), secret) {
			t.Errorf("the response has %s", secret)
		}
	}
}

func TestTheReferenceIsTheAPIsOwnDocumentWithThePageAsServer(t *testing.T) {
	for auth, secured := range map[string]bool{openapi.AuthNone: false, openapi.AuthIAM: false, openapi.AuthJWT: true} {
		p, _ := serveAPI(t, auth)
		text := bodyOf(t, get(t, p, "/data/stacks/dev/openapi.json").Body)
		if !strings.Contains(text, `"url":"/call/dev"`) || strings.Contains(text, "api.example") || !strings.Contains(text, `"summary":"list"`) {
			t.Errorf("%s: %s", auth, text)
		}
		if strings.Contains(text, "optional-example") || !strings.Contains(text, "required-example") {
			t.Errorf("%s: Swagger UI would send other parameters than the required ones: %s", auth, text)
		}
		if got := strings.Contains(text, "security"); got != secured {
			t.Errorf("%s: the document requires authentication: %v, want %v: %s", auth, got, secured, text)
		}
	}
}

func TestAnAPIThatFailsIsReported(t *testing.T) {
	p, _ := serveAPI(t, openapi.AuthNone)
	writeOutputs(t, p.layout, deploy.Outputs{Stack: "dev", Generation: "one", URL: "http://127.0.0.1:1/id/dev", Stacked: map[string]any{"dashboard": "didomi-dev-api"}})
	for _, path := range []string{"/data/stacks/dev/openapi.json", "/call/dev/items"} {
		if w := get(t, p, path); w.Code != http.StatusBadGateway || !strings.Contains(w.Body.String(), "refused") {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
}
