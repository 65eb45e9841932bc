// Package admit lets a request pass that AWS would take, that no page has sent and that can be read in one way.
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

// OwnHeader must be in a call of the gateway's own that changes something. A page of another origin
// cannot set it without a preflight, which is never answered for those paths.
const SandboxHeader = "X-Sandbox"

// Guard knows the sandbox's names and services.
type Guard struct {
	*call.Account
	services map[string]*call.Server
}

// New makes a guard.
func New(a *call.Account, services map[string]*call.Server) *Guard { return &Guard{a, services} }

// Rejection is why a request does not pass the gateway, as an answer of AWS's form.
type Rejection struct {
	Status        int
	Code, Message string
}

func rejected(status int, code, format string, values ...any) *Rejection {
	return &Rejection{status, code, fmt.Sprintf(format, values...)}
}

// Check says why a request does not pass; nil: it does. AWS is not on the machine of its user, so it needs
// none of the checks of Host and Origin: a page that the user has open can send requests to loopback.
func (g *Guard) Check(r *http.Request) *Rejection {
	if !g.sandboxHost(r.Host) {
		return rejected(http.StatusForbidden, "AccessDenied", "Host %q is not the sandbox's. Use %s, localhost, or a bucket's name before s3.localhost.", r.Host, g.PublicURL.Host)
	}
	if strings.HasPrefix(r.URL.Path, call.SandboxPrefix) {
		return admitSandboxPath(r)
	}
	if strings.HasPrefix(r.URL.Path, "/_") || r.URL.Path == "/health" {
		return rejected(http.StatusForbidden, "AccessDenied", "%s is a path of the emulator's, not of an AWS API.", r.URL.Path)
	}
	service, wrong := signedService(r)
	if wrong != nil {
		return wrong
	}
	if r.Header["Origin"] != nil || r.Method == http.MethodOptions {
		if wrong := g.admitPage(r, service); wrong != nil || r.Method == http.MethodOptions {
			return wrong
		}
	}
	if service == "" {
		return admitUnsigned(r)
	}
	return g.checkUnambiguous(service, r)
}

// admitOwn lets a program call the gateway's own paths, and a page not.
func admitSandboxPath(r *http.Request) *Rejection {
	if r.Header["Origin"] != nil {
		return rejected(http.StatusForbidden, "AccessDenied", "%s is not for pages: the request has the header Origin.", r.URL.Path)
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && r.Header.Get(SandboxHeader) == "" {
		return rejected(http.StatusForbidden, "AccessDenied", "%s %s needs the header %s, with any value.", r.Method, r.URL.Path, SandboxHeader)
	}
	return nil
}

// awsHost are the names under .localhost that the sandbox's programs use: S3's with a bucket's name, S3
// Control's with an account's.
var awsHost = regexp.MustCompile(`^(?:[a-z0-9.-]+\.)?s3(?:-control)?\.localhost$`)

// ownHost says whether a Host header is one of the sandbox's. A page whose own name was made to resolve to
// loopback (DNS rebinding) sends that name.
func (g *Guard) sandboxHost(host string) bool {
	u := url.URL{Host: host}
	name := strings.ToLower(u.Hostname())
	if address, err := netip.ParseAddr(name); err == nil {
		return address.Unmap().IsLoopback()
	}
	public := g.PublicURL.Hostname()
	return name == "localhost" || awsHost.MatchString(name) || name == public || strings.HasSuffix(name, "."+public)
}

// admitPage lets a page do what the CORS rules of the bucket allow that the request names: the program
// writes the project's origins there. The emulator reads the rules, as for a preflight.
func (g *Guard) admitPage(r *http.Request, service string) *Rejection {
	origin, method := r.Header.Get("Origin"), r.Method
	if method == http.MethodOptions {
		method = r.Header.Get("Access-Control-Request-Method")
	}
	refused := rejected(http.StatusForbidden, "AccessForbidden", "CORSResponse: This CORS request is not allowed: no rule of a bucket allows %s to the origin %q.", method, origin)
	if origin == "" || len(r.Header["Origin"]) != 1 || service != "s3" && (service != "" || r.Method != http.MethodOptions) || g.bucketOf(r) == "" {
		return refused
	}
	ask, err := http.NewRequestWithContext(r.Context(), http.MethodOptions, g.Upstream.JoinPath("/").String(), nil)
	if err != nil {
		return rejected(http.StatusBadRequest, "SandboxFailure", "ask for the CORS rules: %v", err)
	}
	ask.URL.Path, ask.URL.RawPath, ask.Host = r.URL.Path, r.URL.RawPath, r.Host
	ask.Header.Set("Origin", origin)
	ask.Header.Set("Access-Control-Request-Method", method)
	response, err := g.Client.Do(ask)
	if err != nil {
		return rejected(http.StatusBadGateway, "SandboxEmulatorUnavailable", "ask for the CORS rules: %v", err)
	}
	_ = response.Body.Close() // its status says enough
	if response.StatusCode != http.StatusOK {
		return refused
	}
	return nil
}

// bucketOf is the bucket that a call to S3 names in its host or its path; empty: none.
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

// admitUnsigned lets the one call pass that AWS takes without a signature and that the sandbox serves. The
// other is a request to a bucket whose policy allows everybody: the emulator does not ask the policy, and
// the project has no such bucket.
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
func admitUnsigned(r *http.Request) *Rejection {
	missing := rejected(http.StatusForbidden, "MissingAuthenticationToken", "Request is missing Authentication Token: the sandbox takes unsigned only AssumeRoleWithWebIdentity.")
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
