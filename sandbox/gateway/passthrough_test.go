package gateway

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	acmgw "github.com/didomi/serverless-api/sandbox/gateway/acm"
	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

func newBucket(t *testing.T, s *testEnv, name string) *s3.Client {
	t.Helper()
	client := s3.NewFromConfig(s.config(), func(o *s3.Options) { o.UsePathStyle = true })
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name,
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: testRegion}})
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func TestObjectsAreForwardedUnchanged(t *testing.T) {
	s := newTestEnv(t, nil)
	client := newBucket(t, s, "objects")
	content := make([]byte, 1<<20)
	_, _ = rand.Read(content)
	for _, key := range []string{"plain", "a folder/with space+plus", "ünïcode/☃", "dots/../kept", "double//slash", "per%20cent"} {
		t.Run("under the key "+key, func(t *testing.T) {
			_, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("objects"), Key: &key, Body: bytes.NewReader(content)})
			if err != nil {
				t.Fatal(err)
			}
			got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("objects"), Key: &key, Range: aws.String("bytes=10-19")})
			if err != nil {
				t.Fatal(err)
			}
			received, _ := io.ReadAll(got.Body)
			if !bytes.Equal(received, content[10:20]) || aws.ToString(got.ContentRange) != "bytes 10-19/1048576" {
				t.Errorf("got %d bytes, range %s", len(received), aws.ToString(got.ContentRange))
			}
		})
	}
	t.Run("through presigned URLs", func(t *testing.T) {
		presigner := s3.NewPresignClient(client)
		put, err := presigner.PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("objects"), Key: aws.String("signed")})
		if err != nil {
			t.Fatal(err)
		}
		request, _ := http.NewRequestWithContext(t.Context(), put.Method, put.URL, strings.NewReader("hello"))
		response, err := http.DefaultClient.Do(request)
		if err != nil || response.StatusCode != http.StatusOK {
			t.Fatalf("put: %v, %v", response, err)
		}
		_ = response.Body.Close()
		get, err := presigner.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("objects"), Key: aws.String("signed")})
		if err != nil {
			t.Fatal(err)
		}
		response, err = http.Get(get.URL)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = response.Body.Close() }()
		if got, _ := io.ReadAll(response.Body); string(got) != "hello" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("under the bucket's host name", func(t *testing.T) {
		hosted := s3.NewFromConfig(s.config(), func(o *s3.Options) {
			o.BaseEndpoint = aws.String(strings.Replace(s.server.URL, "127.0.0.1", "s3.localhost", 1))
			o.HTTPClient = bufferedBodies{loopback()}
		})
		got, err := hosted.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("objects"), Key: aws.String("plain")})
		if err != nil {
			t.Fatal(err)
		}
		if all, _ := io.ReadAll(got.Body); !bytes.Equal(all, content) {
			t.Errorf("got %d bytes", len(all))
		}
	})
	t.Run("with a bucket policy that requires TLS", func(t *testing.T) {
		testTLSOnlyPolicy(t, s, client)
	})
	t.Run("a missing object is NoSuchKey", func(t *testing.T) {
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("objects"), Key: aws.String("nothing")})
		if errorCode(err) != "NoSuchKey" {
			t.Errorf("got %v", err)
		}
	})
}

// testTLSOnlyPolicy sets a bucket policy that denies plain HTTP: requests count
// as TLS unless they have the header X-Forwarded-Proto: http.
func testTLSOnlyPolicy(t *testing.T, s *testEnv, admin *s3.Client) {
	t.Helper()
	_, err := admin.PutBucketPolicy(t.Context(), &s3.PutBucketPolicyInput{Bucket: aws.String("objects"), Policy: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":["arn:aws:s3:::objects","arn:aws:s3:::objects/*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	id, secret := user(t, s, "tls-reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	for proto, want := range map[string]string{"": "", "http": "AccessDenied"} {
		client := s3.NewFromConfig(s.configOf(id, secret, ""), func(o *s3.Options) {
			o.UsePathStyle = true
			if proto != "" {
				o.APIOptions = append(o.APIOptions, smithyhttp.AddHeaderValue("X-Forwarded-Proto", proto))
			}
		})
		_, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("objects"), Key: aws.String("plain")})
		if errorCode(err) != want {
			t.Errorf("X-Forwarded-Proto %q: %v", proto, err)
		}
	}
}

// loopback is an HTTP client that connects to 127.0.0.1 for every host.
func loopback() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		var dialer net.Dialer
		return dialer.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
	}}}
}

func TestS3ControlIsServedUnderTheAccountsHost(t *testing.T) {
	s := newTestEnv(t, nil)
	newBucket(t, s, "controlled")
	client := s3control.NewFromConfig(s.config(), func(o *s3control.Options) {
		o.BaseEndpoint = aws.String(strings.Replace(s.server.URL, "127.0.0.1", "s3-control.localhost", 1))
		o.HTTPClient = bufferedBodies{loopback()}
	})
	_, err := client.ListTagsForResource(t.Context(), &s3control.ListTagsForResourceInput{AccountId: aws.String("000000000000"), ResourceArn: aws.String("arn:aws:s3:::controlled")})
	if err != nil {
		t.Error(err)
	}
}

// pattern is a reader of generated bytes, which uses no memory.
type pattern struct{ remaining int64 }

func (p *pattern) Read(b []byte) (int, error) {
	if p.remaining == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(b)), p.remaining)
	for i := range b[:n] {
		b[i] = byte((p.remaining - int64(i)) >> 3)
	}
	p.remaining -= n
	return int(n), nil
}

const large = 256 << 20

// The upstream is in the same process as the gateway and streams too, so the
// test measures the memory of both.
func TestLargeBodiesStreamThroughInBothDirections(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.Copy(w, &pattern{remaining: large})
			return
		}
		hash := sha256.New()
		_, _ = io.Copy(hash, r.Body)
		_, _ = fmt.Fprintf(w, "%x", hash.Sum(nil))
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	s := newTestEnv(t, target)
	hash := sha256.New()
	_, _ = io.Copy(hash, &pattern{remaining: large})
	want := fmt.Sprintf("%x", hash.Sum(nil))

	heapGrowth := measureHeapGrowth(t)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPut, s.server.URL+"/bucket/key", &pattern{remaining: large})
	request.ContentLength = large
	request.Header.Set("Authorization", signedFor("s3"))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if string(got) != want {
		t.Errorf("the upload has the hash %s, want %s", got, want)
	}
	request, _ = http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+"/bucket/key", nil)
	request.Header.Set("Authorization", signedFor("s3"))
	response, err = http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	hash.Reset()
	_, _ = io.Copy(hash, response.Body)
	if got := fmt.Sprintf("%x", hash.Sum(nil)); got != want {
		t.Errorf("the download has the hash %s, want %s", got, want)
	}
	if growth := heapGrowth(); growth > 32<<20 {
		t.Errorf("the heap grew by %d MiB for bodies of %d MiB", growth>>20, large>>20)
	}
}

// signedFor is an Authorization header for the service with an invalid signature.
func signedFor(service string) string {
	return "AWS4-HMAC-SHA256 Credential=a/20260101/eu-west-1/" + service + "/aws4_request, SignedHeaders=host, Signature=" + strings.Repeat("0", 64)
}

// measureHeapGrowth returns a function that returns the maximum growth of the heap since the call.
func measureHeapGrowth(t *testing.T) func() uint64 {
	t.Helper()
	heap := func() uint64 {
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapInuse
	}
	runtime.GC()
	before, result := heap(), make(chan uint64)
	done := make(chan struct{})
	go func() {
		var peak uint64
		for {
			select {
			case <-done:
				result <- peak
				return
			case <-time.After(5 * time.Millisecond):
				peak = max(peak, heap())
			}
		}
	}()
	return func() uint64 {
		close(done)
		peak := <-result
		return peak - min(before, peak)
	}
}

func TestARequestIsForwardedUnchanged(t *testing.T) {
	var got *http.Request
	var body []byte
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
	}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	s := newTestEnv(t, target)
	for _, test := range []struct{ name, path, service string }{
		{"that is proxied", "/bucket/a%20b%2Fc+d?x=%zz&y;z=1&empty", "s3"},
		{"of a corrected call", "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A0%3Afunction%3Af?Qualifier=live", "lambda"},
		{"of a Query call", "/", "rds"},
	} {
		t.Run(test.name, func(t *testing.T) {
			method := http.MethodPost
			if test.service == "lambda" {
				method = http.MethodGet
			}
			request, _ := http.NewRequestWithContext(t.Context(), method, s.server.URL+test.path, strings.NewReader("Action=X&body"))
			request.Host = "bucket.s3.localhost:1"
			request.Header.Set("Authorization", signedFor(test.service))
			request.Header.Set("Content-Type", call.FormType)
			response, err := http.DefaultTransport.RoundTrip(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if got.RequestURI != test.path || got.Host != "bucket.s3.localhost:1" || string(body) != "Action=X&body" || got.Header.Get("X-Forwarded-For") != "" {
				t.Errorf("got %s of %s with %q, forwarded for %q", got.RequestURI, got.Host, body, got.Header.Get("X-Forwarded-For"))
			}
		})
	}
}

func TestAResponseWaitsForTheSender(t *testing.T) {
	upstream := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer upstream.Close()
	target, _ := url.Parse(upstream.URL)
	s := newTestEnv(t, target)
	for _, service := range []string{"sts", "rds"} {
		t.Run("of a call to "+service, func(t *testing.T) {
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.server.URL, strings.NewReader("Action=X"))
			request.Header.Set("Content-Type", call.FormType)
			request.Header.Set("Authorization", signedFor(service))
			start := time.Now()
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if elapsed := time.Since(start); elapsed < call.SenderWait {
				t.Errorf("the response came after %v, before %v", elapsed, call.SenderWait)
			}
		})
	}
}

func TestOtherCallsAreForwardedUnchanged(t *testing.T) {
	s := newTestEnv(t, nil)
	t.Run("PutDashboard in CBOR", func(t *testing.T) {
		client := cloudwatch.NewFromConfig(s.config())
		body := aws.String(`{"widgets":[]}`)
		if _, err := client.PutDashboard(t.Context(), &cloudwatch.PutDashboardInput{DashboardName: aws.String("d"), DashboardBody: body}); err != nil {
			t.Fatal(err)
		}
		got, err := client.GetDashboard(t.Context(), &cloudwatch.GetDashboardInput{DashboardName: aws.String("d")})
		if err != nil || *got.DashboardBody != *body {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("CreateHostedZone, with its name servers", func(t *testing.T) {
		client := route53.NewFromConfig(s.config())
		got, err := client.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{Name: aws.String("example.com"), CallerReference: aws.String("1")})
		if err != nil || len(got.DelegationSet.NameServers) != 4 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestACertificateHasItsRequestedOptions(t *testing.T) {
	s := newTestEnv(t, nil)
	client := acm.NewFromConfig(s.config())
	created, err := client.RequestCertificate(t.Context(), &acm.RequestCertificateInput{DomainName: aws.String("own.example.com"), Options: &acmtypes.CertificateOptions{
		CertificateTransparencyLoggingPreference: acmtypes.CertificateTransparencyLoggingPreferenceDisabled}})
	if err != nil {
		t.Fatal(err)
	}
	got, err := client.DescribeCertificate(t.Context(), &acm.DescribeCertificateInput{CertificateArn: created.CertificateArn})
	if err != nil || got.Certificate.Options.CertificateTransparencyLoggingPreference != acmtypes.CertificateTransparencyLoggingPreferenceDisabled {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = client.DeleteCertificate(t.Context(), &acm.DeleteCertificateInput{CertificateArn: created.CertificateArn})
	if left := s.gateway.account.Fields.Get(acmgw.CertificateKey(*created.CertificateArn)); err != nil || left != nil {
		t.Errorf("stored members after the deletion: %v, %v", left, err)
	}
}

func TestTheGatewayReportsThatTheEmulatorIsUnreachable(t *testing.T) {
	closed := httptest.NewServer(http.NotFoundHandler())
	target, _ := url.Parse(closed.URL)
	closed.Close()
	s := newTestEnv(t, target)
	t.Run("for a proxied call", func(t *testing.T) {
		_, err := sts.NewFromConfig(s.config()).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
		if err == nil || !strings.Contains(err.Error(), "502") {
			t.Errorf("got %v", err)
		}
	})
	for _, path := range []string{"/2015-03-31/functions/f", "/restapis/a"} {
		t.Run("for a corrected call to "+path, func(t *testing.T) {
			request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.server.URL+path, nil)
			service := "lambda"
			if strings.HasPrefix(path, "/restapis") {
				service = "apigateway"
			}
			request.Header.Set("Authorization", signedFor(service))
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = response.Body.Close() }()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != http.StatusBadGateway || !strings.Contains(string(body), "make up") {
				t.Errorf("got %d: %s", response.StatusCode, body)
			}
		})
	}
	t.Run("in its health", func(t *testing.T) {
		if status := health(t, s); status != http.StatusServiceUnavailable {
			t.Errorf("got %d", status)
		}
	})
}

func health(t *testing.T, s *testEnv) int {
	t.Helper()
	response, err := http.Get(s.server.URL + HealthPath)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestTheGatewayIsHealthyWhileTheEmulatorIs(t *testing.T) {
	if status := health(t, newTestEnv(t, nil)); status != http.StatusOK {
		t.Errorf("got %d", status)
	}
}

func TestAnIncompleteConfigIsRejectedWithEveryMissingField(t *testing.T) {
	_, err := New(Config{Region: testRegion})
	if err == nil {
		t.Fatal("the configuration was accepted")
	}
	for _, missing := range []string{"Upstream", "PublicURL", "AccessKeyID", "Dir", "Plane"} {
		if !strings.Contains(err.Error(), missing) {
			t.Errorf("%v does not mention %s", err, missing)
		}
	}
}
