package gateway

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// Every process on the machine can connect to the emulator's port, which requires the gateway's key.
func TestTheEmulatorRequiresTheGatewaysKey(t *testing.T) {
	s := newTestEnv(t, nil)
	client := newBucket(t, s, "kept")
	for _, c := range []struct{ name, method, path, key string }{
		{"the account is not reset without a key", http.MethodPost, "/_ministack/reset", ""},
		{"the account is not reset with another key", http.MethodPost, "/_ministack/reset", "another"},
		{"buckets are not listed without a signature", http.MethodGet, "/", ""},
		{"a bucket is not created without a signature", http.MethodPut, "/planted", ""},
		{"its health is not reported", http.MethodGet, "/_ministack/health", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, err := callEmulator(c.method, ministack.String()+c.path, c.key)
			if err != nil || status != http.StatusForbidden {
				t.Errorf("status %d, %v", status, err)
			}
		})
	}
	t.Run("the account still has its bucket", func(t *testing.T) {
		buckets, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{})
		if err != nil || len(buckets.Buckets) != 1 || aws.ToString(buckets.Buckets[0].Name) != "kept" {
			t.Errorf("%+v, %v", buckets, err)
		}
	})
}

func TestTheGatewayReplacesAClientsKey(t *testing.T) {
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
		t.Errorf("the emulator received %q, the request has %q", got, r.Header)
	}
}
