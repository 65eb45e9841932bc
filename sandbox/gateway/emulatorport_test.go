package gateway

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// Every process of the machine reaches the emulator's port: without the gateway's key it gets nothing.
func TestTheEmulatorAnswersTheGatewayAlone(t *testing.T) {
	s := newTestEnv(t, nil)
	client := s3.NewFromConfig(s.config(), func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String("kept"), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: testRegion},
	}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, method, path, key string }{
		{"its account is not reset", http.MethodPost, "/_ministack/reset", ""},
		{"its account is not reset with another key", http.MethodPost, "/_ministack/reset", "another"},
		{"buckets are not listed without a signature", http.MethodGet, "/", ""},
		{"a bucket is not made without a signature", http.MethodPut, "/planted", ""},
		{"its health is not told", http.MethodGet, "/_ministack/health", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, err := callEmulator(c.method, ministack.String()+c.path, c.key)
			if err != nil || status != http.StatusForbidden {
				t.Errorf("status %d, %v", status, err)
			}
		})
	}
	t.Run("what the account had is there", func(t *testing.T) {
		buckets, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
		if err != nil || len(buckets.Buckets) != 1 || aws.ToString(buckets.Buckets[0].Name) != "kept" {
			t.Errorf("%+v, %v", buckets, err)
		}
	})
}

func TestTheKeyIsTheGateways(t *testing.T) {
	var got []string
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header.Values(emulator.KeyHeader) }))
	defer upstream.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, upstream.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set(emulator.KeyHeader, "a client's")
	response, err := emulator.KeyedTransport{RoundTripper: emulator.NewTransport(), Key: "the gateway's"}.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if !slices.Equal(got, []string{"the gateway's"}) || r.Header.Get(emulator.KeyHeader) != "a client's" {
		t.Errorf("the emulator gets %q, the request has %q", got, r.Header)
	}
}
