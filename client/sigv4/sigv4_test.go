package sigv4_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/didomi/serverless-api/client/sigv4"
)

var credentials = aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "SECRET", SessionToken: "TOKEN"}

// received is a request as a server got it.
type received struct {
	*http.Request
	body string
}

// serve returns a server and the requests that it gets.
func serve(t *testing.T, respond http.HandlerFunc) (*httptest.Server, *[]received) {
	t.Helper()
	var all []received
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		all = append(all, received{r, string(body)})
		respond(w, r)
	}))
	t.Cleanup(server.Close)
	return server, &all
}

func ok(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }

func client(server *httptest.Server, provider aws.CredentialsProvider) *http.Client {
	return &http.Client{Transport: &sigv4.Transport{
		Host: strings.TrimPrefix(server.URL, "http://"), Region: "eu-west-3", Credentials: provider,
	}}
}

func static(context.Context) (aws.Credentials, error) { return credentials, nil }

// signature signs what was received, with the target's path in normal form, and returns the header Authorization: a
// server verifies a signature so.
func signature(t *testing.T, got received, target string) string {
	t.Helper()
	at, err := time.Parse("20060102T150405Z", got.Header.Get("X-Amz-Date"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := http.NewRequest(got.Method, "http://"+got.Host+target, strings.NewReader(got.body))
	if err != nil {
		t.Fatal(err)
	}
	if contentType := got.Header.Get("Content-Type"); contentType != "" {
		again.Header.Set("Content-Type", contentType)
	}
	hash := sha256.Sum256([]byte(got.body))
	if err := v4.NewSigner().SignHTTP(t.Context(), credentials, again, hex.EncodeToString(hash[:]), "execute-api", "eu-west-3", at); err != nil {
		t.Fatal(err)
	}
	return again.Header.Get("Authorization")
}

func TestARequestToTheAPIIsSigned(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, body string
		normal             string // of the target; empty: as sent
	}{
		"without a body":             {http.MethodGet, "/stage/items/a?limit=2&cursor=b%2Bc", "", ""},
		"with a body":                {http.MethodPut, "/stage/items/a", `{"n":1}`, ""},
		"with an escaped path":       {http.MethodGet, "/stage/files/a%20b%2Bc/d%2Fe", "", ""},
		"with an empty parameter":    {http.MethodGet, "/stage/items?cursor=", "", ""},
		"without a path":             {http.MethodGet, "", "", ""},
		"with a body of one digit":   {http.MethodPost, "/x", "1", ""},
		"with empty segments":        {http.MethodGet, "/stage//files/a///b%20c", "", "/stage/files/a/b%20c"},
		"with dots":                  {http.MethodGet, "/stage/files/./a/../b?x=//", "", "/stage/files/b?x=//"},
		"with a slash at the end":    {http.MethodGet, "/stage/files/a//", "", "/stage/files/a/"},
		"with escaped dots, a name":  {http.MethodGet, "/stage/files/%2e%2e/a", "", ""},
		"with dots above everything": {http.MethodGet, "/../..", "", "/"},
	} {
		t.Run(name, func(t *testing.T) {
			server, all := serve(t, ok)
			request, err := http.NewRequest(test.method, server.URL+test.path, strings.NewReader(test.body))
			if err != nil {
				t.Fatal(err)
			}
			if test.body != "" {
				request.Header.Set("Content-Type", "application/json")
			}
			response, err := client(server, aws.CredentialsProviderFunc(static)).Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			got := (*all)[0]
			if got.body != test.body || got.Header.Get("X-Amz-Security-Token") != "TOKEN" {
				t.Errorf("the server got the body %q and the token %q", got.body, got.Header.Get("X-Amz-Security-Token"))
			}
			if test.path != "" && got.RequestURI != test.path {
				t.Errorf("the server got %s", got.RequestURI)
			}
			target := test.normal
			if target == "" {
				target = got.RequestURI
			}
			if sent, want := got.Header.Get("Authorization"), signature(t, got, target); sent != want {
				t.Errorf("signature\n%s, want\n%s", sent, want)
			}
			if request.Header.Get("Authorization") != "" {
				t.Error("the caller's request was changed")
			}
		})
	}
}

func TestARedirectToAnotherHostIsNotSigned(t *testing.T) {
	bucket, atBucket := serve(t, ok)
	api, _ := serve(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, bucket.URL+"/file?X-Amz-Signature=of-S3", http.StatusTemporaryRedirect)
	})
	response, err := client(api, aws.CredentialsProviderFunc(static)).Get(api.URL + "/files/a")
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	for _, name := range []string{"Authorization", "X-Amz-Date", "X-Amz-Security-Token"} {
		if value := (*atBucket)[0].Header.Get(name); value != "" {
			t.Errorf("the other host got %s: %s", name, value)
		}
	}
}

func TestARequestThatCannotBeSignedIsNotSent(t *testing.T) {
	failure := errors.New("no credentials here")
	for name, test := range map[string]struct {
		provider aws.CredentialsProviderFunc
		body     string
		want     string
	}{
		"without credentials":   {func(context.Context) (aws.Credentials, error) { return aws.Credentials{}, failure }, "", failure.Error()},
		"with a body too large": {static, strings.Repeat("x", 10_000_001), "more than 10000000 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			server, all := serve(t, ok)
			response, err := client(server, test.provider).Post(server.URL+"/items/a", "application/json", strings.NewReader(test.body))
			if err == nil {
				_ = response.Body.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || len(*all) != 0 {
				t.Errorf("error %v, want %q; the server got %d requests, want none", err, test.want, len(*all))
			}
		})
	}
}
