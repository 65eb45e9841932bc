package gateway

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/didomi/serverless-api/sandbox/gateway/admit"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// countingUpstream is a gateway with an upstream that counts requests except preflights and returns 200.
func countingUpstream(t *testing.T) (*testEnv, *int) {
	t.Helper()
	forwarded := new(int)
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodOptions {
			*forwarded++
		}
	}))
	t.Cleanup(upstream.Close)
	target, err := url.Parse(upstream.URL)
	if err != nil {
		t.Fatal(err)
	}
	return newTestEnv(t, target), forwarded
}

// testRequest is a request of a page or a program, with header lines "Name: value".
type testRequest struct {
	method, path, body string
	header             []string
}

func (r testRequest) send(t *testing.T, s *testEnv) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), r.method, s.server.URL+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range r.header {
		name, value, _ := strings.Cut(line, ": ")
		if name == "Host" {
			request.Host = value
			continue
		}
		request.Header[name] = append(request.Header[name], value)
	}
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestPagesAndUnsignedRequestsAreRejected(t *testing.T) {
	s, forwarded := countingUpstream(t)
	signed := func(service string) string { return "Authorization: " + signedFor(service) }
	for name, request := range map[string]testRequest{
		"a reset of the emulator":                      {"POST", "/_ministack/reset", "", nil},
		"a signed reset of the emulator":               {"POST", "/_ministack/reset", "", []string{signed("s3")}},
		"a reset in percent-encoding":                  {"POST", "/%5Fministack%2Freset", "", []string{signed("s3")}},
		"the emulator's configuration":                 {"POST", "/_ministack/config", `{}`, []string{signed("s3")}},
		"the health of the emulator":                   {"GET", "/_localstack/health", "", nil},
		"the health of the emulator by its short name": {"GET", "/health", "", []string{signed("s3")}},
		"a function's code at the emulator":            {"GET", "/_ministack/lambda-code/000000000000/eu-west-1/f", "", nil},
		"an invocation through the emulator's API":     {"GET", "/_aws/execute-api/a/v1/items", "", nil},
		"the buckets, unsigned":                        {"GET", "/", "", nil},
		"a new bucket, unsigned":                       {"PUT", "/mine", "", nil},
		"an object, unsigned":                          {"GET", "/bucket/key", "", nil},
		"an instance's role credentials":               {"GET", "/latest/meta-data/iam/security-credentials/r", "", nil},
		"an upload by a form, unsigned":                {"POST", "/bucket", "x", []string{"Content-Type: multipart/form-data; boundary=b"}},
		"a call without a signature":                   {"POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", []string{"Content-Type: " + call.FormType}},
		"a call of a JSON protocol, unsigned":          {"POST", "/", `{}`, []string{"X-Amz-Target: secretsmanager.ListSecrets", "Content-Type: application/x-amz-json-1.1"}},
		"an incomplete signature":                      {"GET", "/bucket", "", []string{"Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/s3/aws4_request"}},
		"a signature of version 2":                     {"GET", "/bucket/key?AWSAccessKeyId=test&Signature=x&Expires=99999999999", "", nil},
		"a domain that resolves to loopback":           {"GET", "/bucket", "", []string{signed("s3"), "Host: attacker.example:4566"}},
		"a domain that begins with the sandbox's":      {"GET", "/bucket", "", []string{signed("s3"), "Host: s3.localhost.attacker.example"}},
		"the host of an emulated API":                  {"GET", "/v1/items", "", []string{signed("s3"), "Host: a.execute-api.localhost"}},
		"an address that is not loopback":              {"GET", "/bucket", "", []string{signed("s3"), "Host: 192.0.2.1:4566"}},
		"a page's signed call":                         {"POST", "/", "Action=ListUsers", []string{signed("iam"), "Content-Type: " + call.FormType, "Origin: https://attacker.example"}},
		"a sandboxed page's call":                      {"POST", "/", "Action=ListUsers", []string{signed("iam"), "Content-Type: " + call.FormType, "Origin: null"}},
		"a page's AssumeRoleWithWebIdentity":           {"POST", "/", "Action=AssumeRoleWithWebIdentity", []string{"Content-Type: " + call.FormType, "Origin: https://attacker.example"}},
		"a page's list of the buckets":                 {"GET", "/", "", []string{signed("s3"), "Origin: https://attacker.example"}},
		"a preflight without a bucket":                 {"OPTIONS", "/", "", []string{"Origin: https://attacker.example", "Access-Control-Request-Method: PUT"}},
		"two origins":                                  {"GET", "/bucket/key", "", []string{signed("s3"), "Origin: https://a.example", "Origin: https://b.example"}},
	} {
		t.Run(name+" is rejected", func(t *testing.T) {
			*forwarded = 0
			if status, response := request.send(t, s); *forwarded != 0 || status < 400 || status == http.StatusBadGateway {
				t.Errorf("%d requests reached the emulator; status %d: %s", *forwarded, status, response)
			}
		})
	}
	for name, request := range map[string]testRequest{
		"by the address":                    {"GET", "/bucket", "", []string{signed("s3")}},
		"by localhost":                      {"GET", "/bucket", "", []string{signed("s3"), "Host: localhost:4566"}},
		"by the IPv6 address":               {"GET", "/bucket", "", []string{signed("s3"), "Host: [::1]:4566"}},
		"by a bucket's host":                {"GET", "/key", "", []string{signed("s3"), "Host: bucket.s3.localhost:4566"}},
		"by S3 Control's host":              {"GET", "/v20180820/tags/a", "", []string{signed("s3"), "Host: 000000000000.s3-control.localhost:4566"}},
		"in a query":                        {"GET", "/bucket/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a%2F20260101%2Feu-west-1%2Fs3%2Faws4_request&X-Amz-Signature=" + strings.Repeat("0", 64), "", nil},
		"for a Query call by GET":           {"GET", "/?Action=ListUsers&Version=2010-05-08", "", []string{signed("iam")}},
		"for a service without corrections": {"POST", "/", `{}`, []string{signed("ssm"), "X-Amz-Target: AmazonSSM.GetParameter"}},
		"for DescribeAlarms by a form":      {"POST", "/", "Action=DescribeAlarms", []string{signed("monitoring"), "Content-Type: " + call.FormType}},
	} {
		t.Run("a signed call "+name+" is forwarded", func(t *testing.T) {
			*forwarded = 0
			if status, response := request.send(t, s); *forwarded == 0 || status != http.StatusOK {
				t.Errorf("status %d: %s", status, response)
			}
		})
	}
}

// A POST of text/plain needs no CORS preflight.
// https://fetch.spec.whatwg.org/#cors-safelisted-request-header
func TestAPageCannotCallTheSandboxsPaths(t *testing.T) {
	s, _ := countingUpstream(t)
	rejection := `{"Service":"s3","Method":"GET","Path":"/bucket","Status":500,"Code":"InternalError"}`
	for name, request := range map[string]testRequest{
		"a POST of text/plain":        {"POST", InjectErrorPath, rejection, []string{"Content-Type: text/plain"}},
		"a POST with the header":      {"POST", InjectErrorPath, rejection, []string{admit.SandboxHeader + ": 1", "Origin: https://attacker.example"}},
		"a sandboxed page's POST":     {"POST", InjectErrorPath, rejection, []string{admit.SandboxHeader + ": 1", "Origin: null"}},
		"a POST to another host":      {"POST", InjectErrorPath, rejection, []string{admit.SandboxHeader + ": 1", "Host: attacker.example:4566"}},
		"a preflight":                 {"OPTIONS", InjectErrorPath, "", []string{"Origin: https://attacker.example", "Access-Control-Request-Method: POST"}},
		"a PUT without the header":    {"PUT", LimitsPath, `{}`, nil},
		"a DELETE without the header": {"DELETE", LimitsPath, "", nil},
		"a page's GET":                {"GET", HealthPath, "", []string{"Origin: https://attacker.example"}},
	} {
		t.Run(name+" is rejected", func(t *testing.T) {
			if status, response := request.send(t, s); status != http.StatusForbidden {
				t.Errorf("status %d: %s", status, response)
			}
		})
	}
	if status, response := (testRequest{"GET", "/bucket", "", []string{"Authorization: " + signedFor("s3")}}).send(t, s); status != http.StatusOK {
		t.Errorf("a later call: status %d: %s", status, response)
	}
	if status, response := (testRequest{"POST", InjectErrorPath, rejection, []string{admit.SandboxHeader + ": 1"}}).send(t, s); status != http.StatusNoContent {
		t.Errorf("a program's call: status %d: %s", status, response)
	}
}

// The program writes the project's origins into the bucket's rules (data/cors.go).
func TestAPageCanSendFilesByTheBucketsCORSRulesOnly(t *testing.T) {
	s := newTestEnv(t, nil)
	client := newBucket(t, s, "sent-by-pages")
	name := aws.String("sent-by-pages")
	if _, err := client.PutBucketCors(t.Context(), &s3.PutBucketCorsInput{Bucket: name, CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{
		{AllowedOrigins: []string{"https://app.example"}, AllowedMethods: []string{"GET", "PUT", "POST"}, AllowedHeaders: []string{"*"}},
		{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET", "HEAD"}, AllowedHeaders: []string{"*"}},
	}}}); err != nil {
		t.Fatal(err)
	}
	presigner := s3.NewPresignClient(client)
	put, err := presigner.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: name, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	get, err := presigner.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: name, Key: aws.String("k")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, method, url, origin string
		want                      int
	}{
		{"a page of the project can send a file", http.MethodPut, put.URL, "https://app.example", http.StatusOK},
		{"a page of another origin cannot", http.MethodPut, put.URL, "https://attacker.example", http.StatusForbidden},
		{"a sandboxed page cannot", http.MethodPut, put.URL, "null", http.StatusForbidden},
		{"a redirected page can read it", http.MethodGet, get.URL, "null", http.StatusOK},
		{"a page of the project can read it", http.MethodGet, get.URL, "https://app.example", http.StatusOK},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), c.method, c.url, bytes.NewBufferString("file"))
			if err != nil {
				t.Fatal(err)
			}
			if c.method == http.MethodGet {
				r.Body, r.ContentLength = http.NoBody, 0
			}
			r.Header.Set("Origin", c.origin)
			response, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			if body, _ := io.ReadAll(response.Body); response.StatusCode != c.want {
				t.Errorf("status %d: %s", response.StatusCode, body)
			}
		})
	}
}

// A request with a well-formed but invalid signature reaches the emulator, which must reject it.
func TestTheEmulatorRejectsAnInvalidSignature(t *testing.T) {
	s := newTestEnv(t, nil)
	for name, request := range map[string]testRequest{
		"the buckets":               {"GET", "/", "", []string{"Authorization: " + signedFor("s3")}},
		"a new bucket":              {"PUT", "/stolen", "", []string{"Authorization: " + signedFor("s3")}},
		"users":                     {"POST", "/", "Action=ListUsers&Version=2010-05-08", []string{"Authorization: " + signedFor("iam"), "Content-Type: " + call.FormType}},
		"secrets":                   {"POST", "/", `{}`, []string{"Authorization: " + signedFor("secretsmanager"), "X-Amz-Target: secretsmanager.ListSecrets", "Content-Type: application/x-amz-json-1.1"}},
		"functions":                 {"GET", "/2015-03-31/functions", "", []string{"Authorization: " + signedFor("lambda")}},
		"APIs":                      {"GET", "/restapis", "", []string{"Authorization: " + signedFor("apigateway")}},
		"parameters":                {"POST", "/", `{"Name":"a"}`, []string{"Authorization: " + signedFor("ssm"), "X-Amz-Target: AmazonSSM.GetParameter", "Content-Type: application/x-amz-json-1.1"}},
		"an instance's credentials": {"GET", "/latest/meta-data/iam/security-credentials/", "", []string{"Authorization: " + signedFor("nothing")}},
		"a task's credentials":      {"GET", "/v2/credentials/x", "", []string{"Authorization: " + signedFor("nothing")}},
	} {
		for _, key := range []string{"a", "test", "000000000000"} { // an unknown one, the administrator's, and the account ID, which ministack accepts as the administrator's
			request := request
			request.header = slices.Clone(request.header)
			for i, line := range request.header {
				request.header[i] = strings.Replace(line, "Credential=a/20260101/", "Credential="+key+"/"+time.Now().UTC().Format("20060102")+"/", 1)
			}
			request.header = append(request.header, "X-Amz-Date: "+time.Now().UTC().Format("20060102T150405Z"))
			t.Run(name+" with the key "+key, func(t *testing.T) {
				if status, response := request.send(t, s); status < 400 || status == http.StatusBadGateway {
					t.Errorf("status %d: %s", status, response)
				}
			})
		}
	}
}
