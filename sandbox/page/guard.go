package page

import (
	"fmt"
	"net"
	"net/http"
)

// policy allows what the page's own server serves, and nothing else. Swagger UI has images in its style sheet.
const policy = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// guard serves requests of the page alone. The page calls the API with the account's keys, so another origin must not: a
// name that resolves to a loopback address has another Host, and other pages have another Origin or Sec-Fetch-Site.
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
func guard(addr string, next http.Handler) http.Handler {
	_, port, _ := net.SplitHostPort(addr)
	hosts := map[string]bool{addr: true, net.JoinHostPort("localhost", port): true}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer")
		header.Set("Cross-Origin-Resource-Policy", "same-origin")
		header.Set("Cache-Control", "no-store")
		switch site := r.Header.Get("Sec-Fetch-Site"); {
		case !hosts[r.Host]:
			http.Error(w, fmt.Sprintf("the host is %q; must be %s", r.Host, addr), http.StatusMisdirectedRequest)
		case site != "" && site != "none" && site != "same-origin":
			http.Error(w, "another site must not use the sandbox's page", http.StatusForbidden)
		case r.Header.Get("Origin") != "" && r.Header.Get("Origin") != "http://"+r.Host:
			http.Error(w, "another origin must not use the sandbox's page", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
