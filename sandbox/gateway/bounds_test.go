package gateway

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/smithy-go/encoding/cbor"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	cloudwatchgw "github.com/didomi/serverless-api/sandbox/gateway/cloudwatch"
)

// sentCall is a call that names a new resource, in the protocol of its service.
type sentCall struct {
	method, path, contentType, target, host string
	body                                    []byte
}

// callOf returns a call of a service's action with a value of the parameter.
func callOf(t *testing.T, s *testEnv, service, action, parameter, value string) sentCall {
	t.Helper()
	body, err := json.Marshal(map[string]any{parameter: value})
	if err != nil {
		t.Fatal(err)
	}
	if prefix := s.gateway.services[service].Target; prefix != "" {
		return sentCall{method: http.MethodPost, path: "/", contentType: "application/x-amz-json-1.1", target: prefix + action, body: body}
	}
	switch service {
	case "monitoring":
		return sentCall{method: http.MethodPost, path: cloudwatchgw.Path + action, contentType: "application/cbor",
			body: cbor.Encode(cbor.Map{
				"DashboardBody": cbor.String(`{"widgets":[]}`), "MetricName": cbor.String("m"), "Statistic": cbor.String("Sum"),
				"Period": cbor.Uint(60), "EvaluationPeriods": cbor.Uint(1), parameter: cbor.String(value),
			})}
	case "lambda":
		return sentCall{method: http.MethodPost, path: map[string]string{
			"CreateFunction": "/2015-03-31/functions", "CreateAlias": "/2015-03-31/functions/f/aliases", "AddPermission": "/2015-03-31/functions/f/policy",
		}[action], contentType: "application/json", body: body}
	case "apigateway":
		return sentCall{method: http.MethodPost, path: "/restapis/a/stages", contentType: "application/json", body: body}
	case "s3":
		return sentCall{method: http.MethodPut, path: "/" + url.PathEscape(value)}
	}
	form := url.Values{"Action": {action}, parameter: {value}}
	return sentCall{method: http.MethodPost, path: "/", contentType: "application/x-www-form-urlencoded", body: []byte(form.Encode())}
}

// send sends the call with an invalid signature, which only the emulator verifies.
func (c sentCall) send(t *testing.T, s *testEnv, service string) (status int, response string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), c.method, s.server.URL+c.path, bytes.NewReader(c.body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", signedFor(service))
	for key, value := range map[string]string{"Content-Type": c.contentType, "X-Amz-Target": c.target} {
		if value != "" {
			r.Header.Set(key, value)
		}
	}
	if c.host != "" {
		r.Host = c.host
	}
	received, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = received.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(received.Body); err != nil {
		t.Fatal(err)
	}
	return received.StatusCode, body.String()
}

// upstream is an upstream that counts the calls and returns an empty response.
func upstream(t *testing.T) (*url.URL, *atomic.Int64) {
	t.Helper()
	var forwarded atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwarded.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	t.Cleanup(server.Close)
	address, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return address, &forwarded
}

// longest returns the longest value that a bound allows.
func longest(b call.Bound) string {
	if b.Parameter == "AliasName" {
		return "alias/" + strings.Repeat("a", b.MaxLength-len("alias/"))
	}
	return strings.Repeat("a", b.MaxLength)
}

// The lengths and patterns are those of the services' API references, one page for each call: for RDS
// https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html and so on.
func TestANameThatViolatesABoundIsRejected(t *testing.T) {
	address, forwarded := upstream(t)
	s := newTestEnv(t, address)
	checked := 0
	for service, server := range s.gateway.services {
		for action, limits := range server.Bounds {
			checked += len(limits.Bounds)
			checkBounds(t, s, forwarded, service, action, limits)
		}
	}
	if checked < 36 {
		t.Errorf("only %d parameters have bounds", checked)
	}
}

func checkBounds(t *testing.T, s *testEnv, forwarded *atomic.Int64, service, action string, limits call.BoundedCall) {
	for _, b := range limits.Bounds {
		t.Run(service+":"+action+" "+b.Parameter, func(t *testing.T) {
			before := forwarded.Load()
			status, response := callOf(t, s, service, action, b.Parameter, longest(b)+"a").send(t, s, service)
			if status != http.StatusBadRequest || !strings.Contains(response, limits.Code) {
				t.Errorf("a value that is one character too long: %d %s, want %s", status, response, limits.Code)
			}
			if b.Pattern != nil {
				if status, response := callOf(t, s, service, action, b.Parameter, "a:*é").send(t, s, service); status != http.StatusBadRequest || !strings.Contains(response, limits.Code) {
					t.Errorf("a value with an invalid character: %d %s, want %s", status, response, limits.Code)
				}
			}
			if n := forwarded.Load() - before; n != 0 {
				t.Errorf("%d rejected calls were forwarded", n)
			}
			if _, response := callOf(t, s, service, action, b.Parameter, longest(b)).send(t, s, service); strings.Contains(response, limits.Code) {
				t.Errorf("the longest value: %s", response)
			}
			if forwarded.Load() == before {
				t.Error("the longest value was not forwarded")
			}
		})
	}
}

func TestNamesMustMatchTheirPatterns(t *testing.T) {
	address, _ := upstream(t)
	s := newTestEnv(t, address)
	for name, c := range map[string]struct {
		call, value string
		rejected    bool
	}{
		"an identifier with a hyphen at its end":      {"rds:CreateDBProxy", "proxy-", true},
		"an identifier with two hyphens in a row":     {"elasticache:CreateReplicationGroup", "ca--che", true},
		"an identifier that begins with a digit":      {"rds:CreateDBCluster", "1cluster", true},
		"an identifier with single hyphens":           {"rds:CreateDBInstance", "a-b-1", false},
		"a bucket with a capital":                     {"s3:CreateBucket", "Files", true},
		"a bucket that ends with a hyphen":            {"s3:CreateBucket", "files-", true},
		"a bucket of two characters":                  {"s3:CreateBucket", "fi", true},
		"a log group with slashes":                    {"logs:CreateLogGroup", "/aws/rds/cluster/a/postgresql", false},
		"a security group whose name begins with sg-": {"ec2:CreateSecurityGroup", "sg-dev", true},
		"a security group whose name begins with sg":  {"ec2:CreateSecurityGroup", "sgdev", false},
	} {
		t.Run(name, func(t *testing.T) {
			service, action, _ := strings.Cut(c.call, ":")
			limits, ok := s.gateway.services[service].Bounds[action]
			if !ok {
				t.Fatalf("%s has no bounds", c.call)
			}
			if got := limits.Violation(func(string) string { return c.value }); (got != "") != c.rejected {
				t.Errorf("rejected with %q, want rejected %v", got, c.rejected)
			}
		})
	}
}

func TestABucketNameInTheHostIsChecked(t *testing.T) {
	address, forwarded := upstream(t)
	s := newTestEnv(t, address)
	status, response := sentCall{method: http.MethodPut, path: "/", host: "Upper." + s.gateway.config.PublicURL.Host}.send(t, s, "s3")
	if status != http.StatusBadRequest || !strings.Contains(response, "InvalidBucketName") || forwarded.Load() != 0 {
		t.Errorf("%d %s, %d forwarded", status, response, forwarded.Load())
	}
	// The name of an object is not checked.
	if _, response := (sentCall{method: http.MethodPut, path: "/files/Upper--"}).send(t, s, "s3"); strings.Contains(response, "InvalidBucketName") || forwarded.Load() != 1 {
		t.Errorf("%s, %d forwarded", response, forwarded.Load())
	}
}

// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateSecurityGroup.html
func TestASecurityGroupNamedLikeAnIDIsRejected(t *testing.T) {
	address, _ := upstream(t)
	s := newTestEnv(t, address)
	_, err := ec2.NewFromConfig(s.config()).CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{
		GroupName: aws.String("sg-dev-network-lambda"), Description: aws.String("d"), VpcId: aws.String("vpc-0123456789abcdef0"),
	})
	if got := errorCode(err); got != "InvalidParameterValue" {
		t.Errorf("got %q, %v", got, err)
	}
}
