package admit

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// The gateway identifies a call by the service in its signature and that service's protocol, the emulator by target,
// action, host or path, whichever it finds first. A request in which these differ would bypass the gateway's checks,
// so it is rejected as ambiguous.

var (
	// signatureHeader matches an Authorization header.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
	signatureHeader = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^ ,=]+), *SignedHeaders=[^ ,=]+, *Signature=[0-9a-f]{64}$`)
	// signatureScope matches a credential with its scope.
	signatureScope = regexp.MustCompile(`^[^/]+/[0-9]{8}/[a-z0-9-]+/([a-z0-9-]+)/aws4_request$`)
	// jsonTarget matches X-Amz-Target.
	jsonTarget = regexp.MustCompile(`^([A-Za-z0-9_]+)\.[A-Za-z0-9]+$`)
)

// signedService is the service in the signature of a request, in its header or its query. It is empty for an
// unsigned request. The emulator verifies the signature.
func signedService(r *http.Request) (string, *Rejection) {
	signature := map[string][]string{}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = call.Unescape(name), call.Unescape(value)
		switch strings.ToLower(name) {
		case "x-amz-algorithm", "x-amz-credential", "x-amz-signature", "awsaccesskeyid":
			signature[name] = append(signature[name], value)
		}
	}
	header := r.Header["Authorization"]
	if len(signature) == 0 && len(header) == 0 {
		return "", nil
	}
	credential := ""
	if match := signatureHeader.FindStringSubmatch(strings.Join(header, ", ")); match != nil && len(signature) == 0 && len(header) == 1 {
		credential = match[1]
	}
	if len(header) == 0 && len(signature) == 3 && len(signature["X-Amz-Credential"]) == 1 && len(signature["X-Amz-Signature"]) == 1 &&
		strings.Join(signature["X-Amz-Algorithm"], ",") == "AWS4-HMAC-SHA256" {
		credential = signature["X-Amz-Credential"][0]
	}
	match := signatureScope.FindStringSubmatch(credential)
	if match == nil {
		return "", rejected(http.StatusBadRequest, "IncompleteSignature",
			"The request must have one signature of version 4, either in the header Authorization or in the query, with the scope key/date/region/service/aws4_request.")
	}
	return match[1], nil
}

// checkUnambiguous rejects a signed request that the gateway and the emulator could parse in different ways.
func (g *Guard) checkUnambiguous(service string, r *http.Request) *Rejection {
	ambiguous := func(format string, values ...any) *Rejection {
		return rejected(http.StatusBadRequest, "AmbiguousRequest", "A call signed for "+service+" "+format, values...)
	}
	for _, name := range []string{"X-Amz-Target", "Content-Type", "Content-Encoding"} {
		if len(r.Header[name]) > 1 {
			return ambiguous("has the header %s %d times.", name, len(r.Header[name]))
		}
	}
	server := g.services[service]
	if server == nil {
		server = &call.Server{}
	}
	if call.EncodedBody(r) && (server.Encoded == nil || !server.Encoded(r)) {
		return ambiguous("has an encoded body.")
	}
	target, prefix := r.Header.Get("X-Amz-Target"), strings.TrimSuffix(server.Target, ".")
	switch {
	case server.Actions != nil:
		if _, err := call.ParseForm(r); err != nil || target != "" || r.URL.Path != "/" {
			return ambiguous("must be one of the Query protocol, to /, without X-Amz-Target: %v.", err)
		}
	case prefix != "":
		match := jsonTarget.FindStringSubmatch(target)
		if match == nil || match[1] != prefix || r.Method != http.MethodPost || r.URL.Path != "/" || call.HasAction(r) {
			return ambiguous("must be a POST to / with X-Amz-Target: %s.<operation>, without Action.", prefix)
		}
	case server.Ambiguous != nil:
		if err := server.Ambiguous(r); err != nil {
			return ambiguous("is ambiguous: %v.", err)
		}
	default:
		if other := g.otherReading(service, r); other != "" {
			return ambiguous("would be parsed as a call of %s: use the form in AWS's API reference.", other)
		}
	}
	return nil
}

// otherReading is the service whose corrected call the emulator would execute for a request that is signed for
// another service or has another form, or empty.
func (g *Guard) otherReading(service string, r *http.Request) string {
	target := strings.ToLower(r.Header.Get("X-Amz-Target"))
	for name, other := range g.services {
		if other.Target != "" && strings.HasPrefix(target, strings.ToLower(strings.TrimSuffix(other.Target, "."))) {
			return name
		}
	}
	path := strings.ToLower(r.URL.Path)
	server := g.services[service]
	rest := server != nil && (server.Mux != nil || server.Match != nil)
	switch {
	case strings.HasPrefix(target, "awssecuritytoken") || strings.HasPrefix(target, "granite") || rest && (target != "" || call.HasAction(r)):
		return "the service of its target or action"
	case server != nil && server.Match != nil:
		return "" // the emulator identifies S3 by the signature, whatever the path
	case strings.Contains(path, "/service/") && strings.Contains(path, "/operation/"):
		return "monitoring"
	}
	for name, other := range g.services {
		if other.Mux == nil {
			continue
		}
		normalized := r.Clone(r.Context())
		normalized.URL = &url.URL{Path: "/" + strings.Trim(path, "/")}
		_, pattern := other.Mux.Handler(normalized)
		if _, asSent := other.Mux.Handler(r); pattern != "/" && (name != service || asSent == "/") {
			return name + " " + pattern
		}
	}
	if !rest {
		return g.otherQueryService(r)
	}
	return ""
}

// otherQueryService is the service whose corrected Query protocol call is in a request that is signed for a service
// without corrections, or empty.
func (g *Guard) otherQueryService(r *http.Request) string {
	if !call.HasAction(r) && !strings.Contains(r.Header.Get("Content-Type"), call.FormType) {
		return ""
	}
	form, err := call.ParseForm(r)
	if err != nil {
		return "any service: " + err.Error()
	}
	for name, other := range g.services {
		if other.Actions[form.Get("Action")] != nil {
			return name
		}
	}
	return ""
}
