package data

import (
	"reflect"
	"testing"
)

const corsType = "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2"

func TestTheOriginsMayUploadAndDownloadAndRedirectedPagesMayDownload(t *testing.T) {
	a := args(prod())
	a.Origins = []string{"https://a.example.com", "https://b.example.com"}
	r, _ := buildWith(t, a)
	rule := func(id string, origins []any, methods ...any) any {
		return map[string]any{
			"id": id, "allowedOrigins": origins, "allowedMethods": methods, "allowedHeaders": []any{"*"},
			"exposeHeaders": []any{"ETag", "Content-Range", "Accept-Ranges"}, "maxAgeSeconds": 3600.0,
		}
	}
	want := map[string]any{"bucket": "data-files-id", "corsRules": []any{
		rule("pages", []any{"https://a.example.com", "https://b.example.com"}, "GET", "HEAD", "PUT", "POST", "DELETE"),
		rule("redirected", []any{"*"}, "GET", "HEAD"),
	}}
	if got := r.Find(t, corsType, "data-files").Inputs; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

func TestWithoutOriginsTheBucketHasNoCORSRules(t *testing.T) {
	r, _ := build(t, prod())
	if got := r.OfType(corsType); len(got) != 0 {
		t.Errorf("pages reach the bucket by %v", got[0].Inputs)
	}
}
