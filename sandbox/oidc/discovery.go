package oidc

import (
	"bufio"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// configurationPath is that of an issuer's configuration (OpenID Connect Discovery 1.0, 4).
const configurationPath = "/.well-known/openid-configuration"

// proxyTimeout ends connections of clients that do not respond.
const proxyTimeout = 30 * time.Second

const keysPath = "/.well-known/jwks.json"

// Handler serves the configuration and the keys of the issuer whose URL the request has: https, the host and the path
// before the configuration's.
func (i *Issuer) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var document any
		if path, ok := strings.CutSuffix(r.URL.Path, configurationPath); ok {
			issuer := "https://" + r.Host + path
			document = map[string]any{
				"issuer": issuer, "jwks_uri": "https://" + r.Host + keysPath, "response_types_supported": []string{"code"},
				"subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"RS256"},
			}
		} else if r.URL.Path == keysPath {
			document = i.keySet()
		} else {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(document) // the client may have disconnected
	})
}

// keySet is the JSON Web Key Set of all keys (RFC 7517, 5; RFC 7518, 6.3.1).
func (i *Issuer) keySet() map[string]any {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := []map[string]string{}
	encode := base64.RawURLEncoding.EncodeToString
	for index, key := range i.keys {
		keys = append(keys, map[string]string{
			"kty": "RSA", "use": "sig", "alg": "RS256", "kid": strconv.Itoa(index),
			"n": encode(key.N.Bytes()), "e": encode(big.NewInt(int64(key.E)).Bytes()),
		})
	}
	return map[string]any{"keys": keys}
}

// Proxy is an HTTPS proxy through which every host is the issuer. It connects to none: nothing leaves the machine.
// certificate returns the certificate of a host.
func (i *Issuer) Proxy(certificate func(host string) (*tls.Certificate, error)) http.Handler {
	issuer := i.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, port, err := net.SplitHostPort(r.Host)
		if r.Method != http.MethodConnect || err != nil || port != "443" {
			http.Error(w, "the sandbox's proxy serves the issuer at port 443 alone", http.StatusForbidden)
			return
		}
		certified, err := certificate(host)
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		conn, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		defer func() { _ = conn.Close() }()
		if _, err := conn.Write([]byte("HTTP/1.1 200 Connection established\r\n\r\n")); err != nil {
			return
		}
		_ = serveOne(tls.Server(bufferedConn{conn, buffered.Reader}, &tls.Config{Certificates: []tls.Certificate{*certified}, MinVersion: tls.VersionTLS12}), issuer)
	})
}

// bufferedConn reads what the proxy's server has read ahead.
type bufferedConn struct {
	net.Conn
	reader *bufio.Reader
}

// Read implements net.Conn.
func (c bufferedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }

// serveOne serves the requests of one connection and returns when it ends.
func serveOne(conn net.Conn, handler http.Handler) error {
	ended := make(chan struct{})
	server := &http.Server{Handler: handler, ReadHeaderTimeout: proxyTimeout, IdleTimeout: proxyTimeout, ConnState: func(_ net.Conn, state http.ConnState) {
		if state == http.StateClosed || state == http.StateHijacked {
			close(ended)
		}
	}}
	listener := &oneListener{conn: make(chan net.Conn, 1), ended: ended, addr: conn.LocalAddr()}
	listener.conn <- conn
	return server.Serve(listener)
}

// oneListener accepts one connection, and fails once it has ended.
type oneListener struct {
	conn  chan net.Conn
	ended chan struct{}
	addr  net.Addr
}

// Accept implements net.Listener.
func (l *oneListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conn:
		return conn, nil
	case <-l.ended:
		return nil, errors.New("the connection has ended")
	}
}

// Close implements net.Listener.
func (l *oneListener) Close() error { return nil }

// Addr implements net.Listener.
func (l *oneListener) Addr() net.Addr { return l.addr }
