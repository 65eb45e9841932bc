package restapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/didomi/serverless-api/sandbox/iampolicy"
)

// signer signs with the AWS SDK, which is independent of the code under test.
type signer struct {
	credentials     aws.Credentials
	region, service string
	at              time.Time
	hash            string // in place of the body's
	presigned       bool
}

const (
	signerARN = "arn:aws:sts::000000000000:assumed-role/caller/session"
	signedAPI = "arn:aws:execute-api:eu-west-1:000000000000:api1/v1/"
)

func newSigner() signer {
	return signer{credentials: aws.Credentials{AccessKeyID: "ASIA1", SecretAccessKey: "secret", SessionToken: "token"}, region: "eu-west-1", service: "execute-api", at: time.Now()}
}

// send signs and sends a request; change edits it after it was signed.
func (s signer) send(t *testing.T, f *fixture, method, path, body string, change func(*http.Request)) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, f.url+"/api1/v1"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body == "" {
		r.Body = nil
	}
	sum := sha256.Sum256([]byte(body))
	hash := hex.EncodeToString(sum[:])
	if s.hash != "" {
		hash = s.hash
		r.Header.Set("X-Amz-Content-Sha256", hash)
	}
	if s.presigned {
		uri, _, err := v4.NewSigner().PresignHTTP(context.Background(), s.credentials, r, hash, s.service, s.region, s.at)
		if err != nil {
			t.Fatal(err)
		}
		if r, err = http.NewRequestWithContext(t.Context(), method, uri, nil); err != nil {
			t.Fatal(err)
		}
	} else if err := v4.NewSigner().SignHTTP(context.Background(), s.credentials, r, hash, s.service, s.region, s.at); err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(r)
	}
	return do(t, r)
}

// newSignedFixture has a principal that may call everything under /signed/.
func newSignedFixture(t *testing.T) *fixture {
	t.Helper()
	f := newAuthorizedFixture(t)
	f.store.principals = map[string]Principal{"ASIA1": {
		AccessKeyID: "ASIA1", SecretAccessKey: "secret", SessionToken: "token", ARN: signerARN, ID: "AROA1:session", AccountID: "000000000000",
		Policies: iampolicy.Set{Identity: statements(t, `{"Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"`+signedAPI+`*/signed/*"}]}`)},
	}}
	return f
}

func statements(t *testing.T, policy string) []iampolicy.Statement {
	t.Helper()
	parsed, err := iampolicy.Parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestSignedRequestsAreAccepted(t *testing.T) {
	for name, test := range map[string]struct {
		method, path, body string
		presigned          bool
	}{
		"a path":                        {"GET", "/signed/a", "", false},
		"a path with escaped bytes":     {"GET", "/signed/a%20b/%C3%A9%2Bx/(1)", "", false},
		"a query in another order":      {"GET", "/signed/a?b=2&a=1&a=%20x&c", "", false},
		"a body":                        {"PUT", "/signed/a", `{"x":1}`, false},
		"a presigned request":           {"GET", "/signed/a?b=2", "", true},
		"a path that ends with a slash": {"GET", "/signed/a/", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := newSignedFixture(t), newSigner()
			s.presigned = test.presigned
			if a := s.send(t, f, test.method, test.path, test.body, nil); a.status != 200 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			event := f.invoker.event(t)
			identity := event["requestContext"].(map[string]any)["identity"].(map[string]any)
			if identity["userArn"] != signerARN || identity["caller"] != "AROA1:session" || identity["user"] != "AROA1:session" ||
				identity["accountId"] != "000000000000" || identity["accessKey"] != "ASIA1" {
				t.Errorf("identity %v", identity)
			}
			if headers := event["headers"].(map[string]any); headers["Authorization"] != nil {
				t.Error("the function got the signature")
			}
			if got := <-f.logged; got != "200 - - "+signerARN+" -" {
				t.Errorf("logged %q", got)
			}
		})
	}
}

func TestSignaturesAreRejected(t *testing.T) {
	const unknown = "The security token included in the request is invalid."
	for name, test := range map[string]struct {
		signer          func(*signer)
		change          func(*http.Request)
		errorType, want string
	}{
		"no signature":         {nil, func(r *http.Request) { r.Header.Del("Authorization") }, "MissingAuthenticationTokenException", "Missing Authentication Token"},
		"a bearer token":       {nil, func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }, "IncompleteSignatureException", "Invalid key=value pair (missing equal-sign)"},
		"an incomplete header": {nil, func(r *http.Request) { r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=x") }, "IncompleteSignatureException", "requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter."},
		"another algorithm": {nil, func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), "SHA256", "SHA1", 1))
		}, "IncompleteSignatureException", "Unsupported AWS 'algorithm'"},
		"no date":                        {nil, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignatureException", "either a 'X-Amz-Date' or a 'Date' header."},
		"another secret":                 {func(s *signer) { s.credentials.SecretAccessKey = "other" }, nil, "InvalidSignatureException", "does not match the signature you provided"},
		"an unknown access key":          {func(s *signer) { s.credentials.AccessKeyID = "AKIA2" }, nil, "UnrecognizedClientException", unknown},
		"another session's token":        {func(s *signer) { s.credentials.SessionToken = "other" }, nil, "UnrecognizedClientException", unknown},
		"no session token":               {func(s *signer) { s.credentials.SessionToken = "" }, nil, "UnrecognizedClientException", unknown},
		"another region":                 {func(s *signer) { s.region = "us-east-1" }, nil, "InvalidSignatureException", "Credential should be scoped to a valid region. "},
		"another service":                {func(s *signer) { s.service = "lambda" }, nil, "InvalidSignatureException", "Credential should be scoped to correct service: 'execute-api'. "},
		"a time more than 5 minutes ago": {func(s *signer) { s.at = s.at.Add(-clockSkew - time.Minute) }, nil, "InvalidSignatureException", "Signature expired: "},
		"a time in more than 5 minutes":  {func(s *signer) { s.at = s.at.Add(clockSkew + time.Minute) }, nil, "InvalidSignatureException", "Signature not yet current: "},
		"another path":                   {nil, func(r *http.Request) { r.URL.Path += "x" }, "InvalidSignatureException", "does not match the signature you provided"},
		"another query":                  {nil, func(r *http.Request) { r.URL.RawQuery = "a=1" }, "InvalidSignatureException", "does not match the signature you provided"},
		"another method":                 {nil, func(r *http.Request) { r.Method = http.MethodDelete }, "InvalidSignatureException", "does not match the signature you provided"},
		"another host":                   {nil, func(r *http.Request) { r.Host = "other" }, "InvalidSignatureException", "does not match the signature you provided"},
		"another body":                   {nil, func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("other")); r.ContentLength = 5 }, "InvalidSignatureException", "does not match the signature you provided"},
		"a payload that is not signed":   {func(s *signer) { s.hash = "UNSIGNED-PAYLOAD" }, nil, "InvalidSignatureException", "does not match the signature you provided"},
	} {
		t.Run(name, func(t *testing.T) {
			f, s := newSignedFixture(t), newSigner()
			if test.signer != nil {
				test.signer(&s)
			}
			a := s.send(t, f, "PUT", "/signed/a", "body!", test.change)
			if a.status != 403 || a.header.Get("X-Amzn-Errortype") != test.errorType || !strings.Contains(a.body, test.want) {
				t.Errorf("%d %s %s, want 403 %s %s", a.status, a.header.Get("X-Amzn-Errortype"), a.body, test.errorType, test.want)
			}
			if f.invoker.last != nil {
				t.Error("the function was invoked")
			}
		})
	}
	t.Run("expired credentials", func(t *testing.T) {
		f := newSignedFixture(t)
		p := f.store.principals["ASIA1"]
		p.Expires = time.Now().Add(-time.Second)
		f.store.principals["ASIA1"] = p
		if a := newSigner().send(t, f, "GET", "/signed/a", "", nil); a.status != 403 || a.header.Get("X-Amzn-Errortype") != "ExpiredTokenException" {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}

func TestTheSignersPoliciesAndTheResourcePolicyDecide(t *testing.T) {
	policy := func(effect, principal, resource string) string {
		return `{"Statement":[{"Effect":"` + effect + `","Principal":` + principal + `,"Action":"execute-api:Invoke","Resource":"` + resource + `"}]}`
	}
	allow := policy("Allow", `"*"`, signedAPI+"GET/signed/*")
	const refused = `User: ` + signerARN + ` is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:eu-west-1:********0000:api1/v1/GET/signed/a `
	for name, test := range map[string]struct {
		identity, boundary, session, resource string
		want                                  string // the end of the message; empty: allowed
	}{
		"the identity's policy allows":                         {identity: allow},
		"no policy":                                            {want: "because no identity-based policy allows the execute-api:Invoke action"},
		"a policy for another method":                          {identity: policy("Allow", `"*"`, signedAPI+"PUT/*"), want: "because no identity-based policy allows the execute-api:Invoke action"},
		"a boundary that does not allow":                       {identity: allow, boundary: policy("Allow", `"*"`, "arn:other"), want: "because no identity-based policy allows the execute-api:Invoke action"},
		"a session policy that does not allow":                 {identity: allow, session: policy("Allow", `"*"`, "arn:other"), want: "because no identity-based policy allows the execute-api:Invoke action"},
		"a session policy that allows":                         {identity: allow, session: allow},
		"a policy that denies":                                 {identity: policy("Deny", `"*"`, "*"), resource: allow, want: "with an explicit deny in an identity-based policy"},
		"a resource policy that denies the role":               {identity: allow, resource: policy("Deny", `{"AWS":"arn:aws:iam::000000000000:role/caller"}`, "execute-api:/*"), want: "with an explicit deny in a resource-based policy"},
		"a resource policy that denies another role":           {identity: allow, resource: policy("Deny", `{"AWS":"arn:aws:iam::000000000000:role/other"}`, "execute-api:/*")},
		"a resource policy alone, for the session":             {resource: policy("Allow", `{"AWS":"`+signerARN+`"}`, "execute-api:/*")},
		"a resource policy alone, for another account's users": {resource: policy("Allow", `{"AWS":"111111111111"}`, "execute-api:/*"), want: "because no identity-based policy allows the execute-api:Invoke action"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newSignedFixture(t)
			p := f.store.principals["ASIA1"]
			p.Policies = iampolicy.Set{}
			if test.identity != "" {
				p.Policies.Identity = statements(t, test.identity)
			}
			if test.boundary != "" {
				p.Policies.Boundary, p.Policies.Bounded = statements(t, test.boundary), true
			}
			if test.session != "" {
				p.Policies.Session = [][]iampolicy.Statement{statements(t, test.session)}
			}
			f.store.principals["ASIA1"], f.store.stage.Policy = p, test.resource
			a := newSigner().send(t, f, "GET", "/signed/a", "", nil)
			if test.want == "" && a.status != 200 {
				t.Errorf("%d %s, want 200", a.status, a.body)
			}
			if test.want != "" && (a.status != 403 || a.body != `{"Message":"`+refused+test.want+`"}` || a.header.Get("X-Amzn-Errortype") != "AccessDeniedException") {
				t.Errorf("%d %s, want 403 ...%s", a.status, a.body, test.want)
			}
		})
	}
}
