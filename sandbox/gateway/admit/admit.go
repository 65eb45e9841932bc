// Package admit rejects requests that AWS would not accept, that a web page has sent, or that the gateway and the
// emulator could parse in different ways.
package admit

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// SandboxHeader is required for requests to the sandbox's own paths that change something. A page of another origin
// cannot set it without a CORS preflight, which always fails for those paths.
const SandboxHeader = "X-Sandbox"

// Guard checks requests against the sandbox's host names and services.
type Guard struct {
	*call.Account
	services map[string]*call.Server
}

// New creates a guard.
func New(a *call.Account, services map[string]*call.Server) *Guard { return &Guard{a, services} }

// Rejection is the AWS error with which a request is rejected.
type Rejection struct {
	Status        int
	Code, Message string
}

func rejected(status int, code, format string, values ...any) *Rejection {
	return &Rejection{status, code, fmt.Sprintf(format, values...)}
}

// Check returns the rejection of a request, or nil. AWS needs no checks of Host and Origin, but the sandbox does:
// any page that is open in the developer's browser can send requests to loopback.
func (g *Guard) Check(r *http.Request) *Rejection {
	if !g.sandboxHost(r.Host) {
		return rejected(http.StatusForbidden, "AccessDenied", "Host %q is not the sandbox's. Use %s, localhost, or a bucket's name before s3.localhost.", r.Host, g.PublicURL.Host)
	}
	if strings.HasPrefix(r.URL.Path, call.SandboxPrefix) {
		return checkSandboxPath(r)
	}
	if strings.HasPrefix(r.URL.Path, "/_") || r.URL.Path == "/health" {
		return rejected(http.StatusForbidden, "AccessDenied", "%s is a path of the emulator and of no AWS API.", r.URL.Path)
	}
	service, rejection := signedService(r)
	if rejection != nil {
		return rejection
	}
	if r.Header["Origin"] != nil || r.Method == http.MethodOptions {
		if rejection := g.checkOrigin(r, service); rejection != nil || r.Method == http.MethodOptions {
			return rejection
		}
	}
	if service == "" {
		return checkUnsigned(r)
	}
	return g.checkUnambiguous(service, r)
}

// checkSandboxPath allows programs, but not pages, to call the sandbox's own paths.
func checkSandboxPath(r *http.Request) *Rejection {
	if r.Header["Origin"] != nil {
		return rejected(http.StatusForbidden, "AccessDenied", "%s is not available to pages: the request has the header Origin.", r.URL.Path)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get(SandboxHeader) == "" {
		return rejected(http.StatusForbidden, "AccessDenied", "%s %s needs the header %s, with any value.", r.Method, r.URL.Path, SandboxHeader)
	}
	return nil
}

// awsHost matches the names under .localhost that the sandbox's programs use: S3's with a bucket name, S3 Control's
// with an account ID.
var awsHost = regexp.MustCompile(`^(?:[a-z0-9.-]+\.)?s3(?:-control)?\.localhost$`)

// sandboxHost reports whether a Host header is one of the sandbox's. A page whose domain was made to resolve to
// loopback (DNS rebinding) sends that domain.
func (g *Guard) sandboxHost(host string) bool {
	u := url.URL{Host: host}
	name := strings.ToLower(u.Hostname())
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap().IsLoopback()
	}
	public := g.PublicURL.Hostname()
	return name == "localhost" || awsHost.MatchString(name) || name == public || strings.HasSuffix(name, "."+public)
}

// checkOrigin allows pages what the CORS rules of the request's bucket allow, which are the project's origins. The
// emulator evaluates the rules for a preflight request.
func (g *Guard) checkOrigin(r *http.Request, service string) *Rejection {
	origin, method := r.Header.Get("Origin"), r.Method
	if method == http.MethodOptions {
		method = r.Header.Get("Access-Control-Request-Method")
	}
	forbidden := rejected(http.StatusForbidden, "AccessForbidden", "CORSResponse: This CORS request is not allowed: no rule of a bucket allows %s to the origin %q.", method, origin)
	if origin == "" || len(r.Header["Origin"]) != 1 || service != "s3" && (service != "" || r.Method != http.MethodOptions) || g.bucketOf(r) == "" {
		return forbidden
	}
	preflight, err := http.NewRequestWithContext(r.Context(), http.MethodOptions, g.Upstream.JoinPath("/").String(), nil)
	if err != nil {
		return rejected(http.StatusBadRequest, "SandboxFailure", "check the CORS rules: %v", err)
	}
	preflight.URL.Path, preflight.URL.RawPath, preflight.Host = r.URL.Path, r.URL.RawPath, r.Host
	preflight.Header.Set("Origin", origin)
	preflight.Header.Set("Access-Control-Request-Method", method)
	response, err := g.Client.Do(preflight)
	if err != nil {
		return rejected(http.StatusBadGateway, "SandboxEmulatorUnavailable", "check the CORS rules: %v", err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return forbidden
	}
	return nil
}

// bucketOf is the bucket in the host or path of an S3 call, or empty.
func (g *Guard) bucketOf(r *http.Request) string {
	u := url.URL{Host: r.Host}
	for _, suffix := range []string{".s3.localhost", "." + g.PublicURL.Hostname()} {
		if bucket, ok := strings.CutSuffix(strings.ToLower(u.Hostname()), suffix); ok {
			return bucket
		}
	}
	bucket, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	return bucket
}

// checkUnsigned allows AssumeRoleWithWebIdentity, which AWS accepts without a signature. AWS also accepts unsigned
// requests to a bucket whose policy allows everyone. The sandbox does not: the emulator does not evaluate the policy
// of such requests, and the project has no such bucket.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func checkUnsigned(r *http.Request) *Rejection {
	missing := rejected(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token: the sandbox accepts only AssumeRoleWithWebIdentity unsigned.")
	if r.URL.Path != "/" || r.Header.Get("X-Amz-Target") != "" {
		return missing
	}
	form, err := call.ParseForm(r)
	if err != nil {
		return rejected(http.StatusBadRequest, "MalformedInput", "%v", err)
	}
	if form.Get("Action") != "AssumeRoleWithWebIdentity" {
		return missing
	}
	return nil
}
