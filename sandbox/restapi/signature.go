package restapi

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The parts of an AWS Signature Version 4.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
const (
	algorithm      = "AWS4-HMAC-SHA256"
	terminator     = "aws4_request"
	signedService  = "execute-api"
	amzDateFormat  = "20060102T150405Z"
	signatureQuery = "X-Amz-Signature"
	// clockSkew is how far the time of a signature may be from that of API Gateway, as its error messages say.
	// https://repost.aws/questions/QUKvtcUDYVQzS2BjZ3ZpJgAg
	clockSkew = 5 * time.Minute
)

// signature is an AWS Signature Version 4 of a request.
type signature struct {
	accessKeyID, date, region, service, end string
	headers                                 []string
	value                                   string
	time                                    string // X-Amz-Date
	token                                   string // X-Amz-Security-Token
	inQuery                                 bool
}

// signature reads the signature in the header Authorization, or in the query of a presigned request.
func (x *exchange) signature() (signature, *gatewayError) {
	header := x.request.Header.Get("Authorization")
	query := x.request.URL.Query()
	if header == "" && query.Get("X-Amz-Algorithm") == "" {
		return signature{}, newGatewayError(missingAuthenticationToken, "Missing Authentication Token")
	}
	if header == "" {
		return querySignature(query)
	}
	return headerSignature(header, x.request.Header)
}

// headerSignature parses the header. Its error messages are API Gateway's, with a hash in place of the header.
func headerSignature(header string, all http.Header) (signature, *gatewayError) {
	sum := sha256.Sum256([]byte(header))
	hash := base64.StdEncoding.EncodeToString(sum[:])
	name, rest, _ := strings.Cut(header, " ")
	fields := map[string]string{}
	for part := range strings.SplitSeq(rest, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return signature{}, newGatewayError(incompleteSignature, fmt.Sprintf(
				"Invalid key=value pair (missing equal-sign) in Authorization header (hashed with SHA-256 and encoded with Base64): '%s'.", hash))
		}
		fields[key] = value
	}
	var missing []string
	for _, field := range []string{"Credential", "Signature", "SignedHeaders"} {
		if fields[field] == "" {
			missing = append(missing, "Authorization header requires '"+field+"' parameter.")
		}
	}
	at := amzDate(all)
	if at == "" {
		missing = append(missing, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	switch {
	case len(missing) > 0:
		return signature{}, newGatewayError(incompleteSignature, fmt.Sprintf(
			"%s (Hashed with SHA-256 and encoded with Base64) Authorization=%s", strings.Join(missing, " "), hash))
	case name != algorithm:
		return signature{}, newGatewayError(incompleteSignature, fmt.Sprintf("Unsupported AWS 'algorithm': '%s'. ", name))
	}
	return newSignature(fields["Credential"], signature{
		headers: strings.Split(fields["SignedHeaders"], ";"), value: fields["Signature"], time: at, token: all.Get("X-Amz-Security-Token"),
	})
}

func querySignature(query url.Values) (signature, *gatewayError) {
	var missing []string
	for _, name := range []string{"X-Amz-Credential", signatureQuery, "X-Amz-SignedHeaders", "X-Amz-Date"} {
		if query.Get(name) == "" {
			missing = append(missing, "AWS query-string parameters must include '"+name+"'.")
		}
	}
	if len(missing) > 0 || query.Get("X-Amz-Algorithm") != algorithm {
		return signature{}, newGatewayError(incompleteSignature, strings.Join(append(missing, "Re-examine the query-string parameters."), " "))
	}
	return newSignature(query.Get("X-Amz-Credential"), signature{
		headers: strings.Split(query.Get("X-Amz-SignedHeaders"), ";"), value: query.Get(signatureQuery), time: query.Get("X-Amz-Date"),
		token: query.Get("X-Amz-Security-Token"), inQuery: true,
	})
}

// newSignature adds the credential's scope.
func newSignature(credential string, s signature) (signature, *gatewayError) {
	scope := strings.Split(credential, "/")
	if len(scope) != 5 {
		return s, newGatewayError(incompleteSignature, fmt.Sprintf(
			"Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '%s'", credential))
	}
	s.accessKeyID, s.date, s.region, s.service, s.end = scope[0], scope[1], scope[2], scope[3], scope[4]
	return s, nil
}

// amzDate is the time of the request, from X-Amz-Date or Date.
func amzDate(h http.Header) string {
	if value := h.Get("X-Amz-Date"); value != "" {
		return value
	}
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		return at.UTC().Format(amzDateFormat)
	}
	return ""
}

// checkScope checks region, service, date and time of the signature.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html
func (s signature) checkScope(region string, now time.Time) *gatewayError {
	var problems string
	if s.region != region {
		problems += "Credential should be scoped to a valid region. "
	}
	if s.service != signedService {
		problems += "Credential should be scoped to correct service: '" + signedService + "'. "
	}
	if s.end != terminator {
		problems += "Credential should be scoped with a valid terminator: '" + terminator + "'. "
	}
	if !strings.HasPrefix(s.time, s.date) {
		problems += "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP. "
	}
	if problems != "" {
		return newGatewayError(invalidSignature, problems)
	}
	at, err := time.Parse(amzDateFormat, s.time)
	if err != nil {
		return newGatewayError(incompleteSignature, fmt.Sprintf("Date must be in ISO-8601 'basic format'. Got '%s'. See http://en.wikipedia.org/wiki/ISO_8601", s.time))
	}
	stamp := func(t time.Time) string { return t.UTC().Format(amzDateFormat) }
	switch earliest, latest := now.Add(-clockSkew), now.Add(clockSkew); {
	case at.Before(earliest):
		return newGatewayError(invalidSignature, fmt.Sprintf("Signature expired: %s is now earlier than %s (%s - 5 min.)", s.time, stamp(earliest), stamp(now)))
	case at.After(latest):
		return newGatewayError(invalidSignature, fmt.Sprintf("Signature not yet current: %s is still later than %s (%s + 5 min.)", s.time, stamp(latest), stamp(now)))
	}
	return nil
}

// canonicalRequest is the text whose hash is signed. The hash of the body is computed: UNSIGNED-PAYLOAD is a value of
// Amazon S3 alone, so a signature over it does not match. The path is encoded once more than it was sent.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
func (s signature) canonicalRequest(r *http.Request, path string, body []byte) string {
	var headers strings.Builder
	for _, name := range s.headers {
		headers.WriteString(strings.ToLower(name) + ":" + signedValue(r, name) + "\n")
	}
	sum := sha256.Sum256(body)
	return strings.Join([]string{
		r.Method, strings.ReplaceAll(encoded(withoutDots(path)), "%2F", "/"), s.canonicalQuery(r.URL.RawQuery),
		headers.String(), strings.Join(s.headers, ";"), hex.EncodeToString(sum[:]),
	}, "\n")
}

// signedValue is the value of a signed header: values joined by commas, spaces trimmed and runs of them reduced to one.
func signedValue(r *http.Request, name string) string {
	values := r.Header.Values(name)
	switch strings.ToLower(name) {
	case "host":
		values = []string{r.Host}
	case "content-length":
		values = []string{strconv.FormatInt(r.ContentLength, 10)}
	}
	trimmed := make([]string, len(values))
	for i, value := range values {
		trimmed[i] = strings.Join(strings.Fields(value), " ")
	}
	return strings.Join(trimmed, ",")
}

// canonicalQuery sorts the query by encoded name and value, without the signature.
func (s signature) canonicalQuery(raw string) string {
	var pairs []string
	for name, values := range parseQuery(raw) {
		if s.inQuery && name == signatureQuery {
			continue
		}
		for _, value := range values {
			pairs = append(pairs, encoded(name)+"="+encoded(value))
		}
	}
	slices.SortFunc(pairs, func(a, b string) int {
		nameA, valueA, _ := strings.Cut(a, "=")
		nameB, valueB, _ := strings.Cut(b, "=")
		if order := strings.Compare(nameA, nameB); order != 0 {
			return order
		}
		return strings.Compare(valueA, valueB)
	})
	return strings.Join(pairs, "&")
}

// withoutDots removes the segments "." and "..", and empty ones.
func withoutDots(path string) string {
	var kept []string
	segments := strings.Split(path, "/")
	for _, segment := range segments {
		switch segment {
		case "", ".":
		case "..":
			kept = kept[:max(0, len(kept)-1)]
		default:
			kept = append(kept, segment)
		}
	}
	clean := "/" + strings.Join(kept, "/")
	if last := segments[len(segments)-1]; len(kept) > 0 && (last == "" || last == "." || last == "..") {
		clean += "/"
	}
	return clean
}

// encoded encodes every byte but the unreserved characters of RFC 3986. QueryEscape does so too, but for spaces.
func encoded(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }

func (s signature) stringToSign(canonical string) string {
	sum := sha256.Sum256([]byte(canonical))
	return strings.Join([]string{algorithm, s.time, strings.Join([]string{s.date, s.region, s.service, s.end}, "/"), hex.EncodeToString(sum[:])}, "\n")
}

// sign computes the signature of a text with a secret.
func (s signature) sign(secret, text string) string {
	key := []byte("AWS4" + secret)
	for _, part := range []string{s.date, s.region, s.service, s.end, text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	return hex.EncodeToString(key)
}

// mismatch is API Gateway's message, which names what it expected.
// https://repost.aws/knowledge-center/api-gateway-iam-sigv4-mismatch
func mismatch(canonical, text string) string {
	return "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. " +
		"Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'" + canonical +
		"'\n\nThe String-to-Sign should have been\n'" + text + "'\n"
}
