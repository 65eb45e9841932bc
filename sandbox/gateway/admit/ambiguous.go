package admit

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// The gateway recognises a call by its signature's service and its protocol, and the emulator by target,
// action, host or path, whichever it finds first. A request in which these differ would pass without the
// checks of the gateway. So a request that can be read in two ways is refused.

var (
	// signatureHeader is the form of an Authorization header.
	// https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html
	signatureHeader = regexp.MustCompile(`^AWS4-HMAC-SHA256 Credential=([^ ,=]+), *SignedHeaders=[^ ,=]+, *Signature=[0-9a-f]{64}$`)
	// signatureScope is the form of a credential with its scope.
	signatureScope = regexp.MustCompile(`^[^/]+/[0-9]{8}/[a-z0-9-]+/([a-z0-9-]+)/aws4_request$`)
	// jsonTarget is the form of X-Amz-Target.
	jsonTarget = regexp.MustCompile(`^([A-Za-z0-9_]+)\.[A-Za-z0-9]+$`)
)

// signedService is the service that a request is signed for, by its header or by its query; empty: it is
// not signed at all. Whether the signature is right, the emulator sees.
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

// readOneWay says why a signed request can be read in two ways; nil: it cannot.
func (g *Guard) checkUnambiguous(service string, r *http.Request) *Rejection {
	ambiguous := func(format string, values ...any) *Rejection {
		return rejected(http.StatusBadRequest, "AmbiguousRequest", "A call signed for "+service+" "+format, values...)
	}
	for _, name := range []string{"X-Amz-Target", "Content-Type", "Content-Encoding"} {
		if len(r.Header[name]) > 1 {
			return ambiguous("has the header %s %d times.", name, len(r.Header[name]))
		}
	}
	known := g.services[service]
	if known == nil {
		known = &call.Server{}
	}
	if call.EncodedBody(r) && (known.Encoded == nil || !known.Encoded(r)) {
		return ambiguous("has an encoded body.")
	}
	target, prefix := r.Header.Get("X-Amz-Target"), strings.TrimSuffix(known.Target, ".")
	switch {
	case known.Actions != nil:
		if _, err := call.ParseForm(r); err != nil || target != "" || r.URL.Path != "/" {
			return ambiguous("must be one of the Query protocol, to /, without X-Amz-Target: %v.", err)
		}
	case prefix != "":
		match := jsonTarget.FindStringSubmatch(target)
		if match == nil || match[1] != prefix || r.Method != http.MethodPost || r.URL.Path != "/" || call.HasAction(r) {
			return ambiguous("must be a POST to / with X-Amz-Target: %s.<operation>, without Action.", prefix)
		}
	case known.Ambiguous != nil:
		if err := known.Ambiguous(r); err != nil {
			return ambiguous("is not taken: %v.", err)
		}
	default:
		if other := g.otherReading(service, r); other != "" {
			return ambiguous("would be read as one to %s: write it as AWS's API reference has it.", other)
		}
	}
	return nil
}

// readElsewhere is the service whose corrected call the emulator would read in a call of another service or
// another form; empty: there is none.
func (g *Guard) otherReading(service string, r *http.Request) string {
	target := strings.ToLower(r.Header.Get("X-Amz-Target"))
	for name, other := range g.services {
		if other.Target != "" && strings.HasPrefix(target, strings.ToLower(strings.TrimSuffix(other.Target, "."))) {
			return name
		}
	}
	path := strings.ToLower(r.URL.Path)
	known := g.services[service]
	rest := known != nil && (known.Mux != nil || known.Match != nil)
	switch {
	case strings.HasPrefix(target, "awssecuritytoken") || strings.HasPrefix(target, "granite") || rest && (target != "" || call.HasAction(r)):
		return "the service of its target or action"
	case known != nil && known.Match != nil:
		return "" // S3: by this name the emulator reads whatever the path is
	case strings.Contains(path, "/service/") && strings.Contains(path, "/operation/"):
		return "monitoring"
	}
	for name, other := range g.services {
		if other.Mux == nil {
			continue
		}
		read := r.Clone(r.Context())
		read.URL = &url.URL{Path: "/" + strings.Trim(path, "/")}
		_, asRead := other.Mux.Handler(read)
		if _, asSent := other.Mux.Handler(r); asRead != "/" && (name != service || asSent == "/") {
			return name + " " + asRead
		}
	}
	if !rest {
		return g.otherQueryService(r)
	}
	return ""
}

// foreignForm is the service whose corrected call of the Query protocol is in a call to one that the gateway
// does not know.
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
