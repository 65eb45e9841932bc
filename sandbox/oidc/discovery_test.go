package oidc_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/didomi/serverless-api/sandbox/dataplane"
	"github.com/didomi/serverless-api/sandbox/oidc"
)

func TestEveryHostBehindTheProxyIsTheIssuer(t *testing.T) {
	issuer, err := oidc.New()
	if err != nil {
		t.Fatal(err)
	}
	authority, err := dataplane.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewServer(issuer.Proxy(authority.Certificate))
	t.Cleanup(proxy.Close)
	address, _ := url.Parse(proxy.URL)
	client := func(pool *x509.CertPool) *http.Client {
		return &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(address), TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	}
	get := func(uri string, into any) {
		t.Helper()
		response, err := client(authority.Pool()).Get(uri)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if err := json.NewDecoder(response.Body).Decode(into); err != nil {
			t.Fatal(err)
		}
	}
	var configuration struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	get("https://login.example.com/tenant/.well-known/openid-configuration", &configuration)
	if configuration.Issuer != "https://login.example.com/tenant" {
		t.Errorf("issuer %q", configuration.Issuer)
	}
	before, err := issuer.Sign(oidc.Claims{"iss": configuration.Issuer})
	if err == nil {
		err = issuer.Rotate()
	}
	if err != nil {
		t.Fatal(err)
	}
	var set struct {
		Keys []map[string]string `json:"keys"`
	}
	get(configuration.Keys, &set)
	if len(set.Keys) != 2 || set.Keys[0]["kid"] == set.Keys[1]["kid"] || set.Keys[0]["n"] == set.Keys[1]["n"] || set.Keys[1]["e"] != "AQAB" {
		t.Errorf("keys after a rotation: %v", set.Keys)
	}
	if _, err := issuer.Verify(before); err != nil {
		t.Errorf("a token of the key before: %v", err)
	}
	if response, err := client(x509.NewCertPool()).Get("https://login.example.com/"); err == nil {
		_ = response.Body.Close()
		t.Error("a client without the sandbox's CA trusts the issuer")
	}
	if response, err := client(authority.Pool()).Get("https://login.example.com:8443/"); err == nil {
		_ = response.Body.Close()
		t.Error("the proxy connects to another port")
	}
}
