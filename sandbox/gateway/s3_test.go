package gateway

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestKeysOfVersionsAreEncodedOnRequest(t *testing.T) {
	s := newTestEnv(t, nil)
	client := s3.NewFromConfig(s.config())
	newBucket(t, s, "versions")
	bucket, key := aws.String("versions"), "folder/big file+1&<é>.bin"
	if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &key, Body: strings.NewReader("x")}); err != nil {
		t.Fatal(err)
	}
	list, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket, EncodingType: types.EncodingTypeUrl})
	if err != nil {
		t.Fatal(err)
	}
	if list.EncodingType != types.EncodingTypeUrl || len(list.Versions) != 1 {
		t.Fatalf("encoding %q of %d versions", list.EncodingType, len(list.Versions))
	}
	got, err := url.QueryUnescape(*list.Versions[0].Key)
	if err != nil || got != key {
		t.Errorf("key %q decodes to %q, %v; want %q", *list.Versions[0].Key, got, err, key)
	}
}

// The emulator applies the bucket's CORS rules to preflight requests. Without AUTH it would allow every origin.
func TestABucketsCORSRulesApplyToPreflightRequests(t *testing.T) {
	s := newTestEnv(t, nil)
	client := s3.NewFromConfig(s.config())
	newBucket(t, s, "cors")
	bucket := aws.String("cors")
	if _, err := client.PutBucketCors(t.Context(), &s3.PutBucketCorsInput{Bucket: bucket, CORSConfiguration: &types.CORSConfiguration{
		CORSRules: []types.CORSRule{
			{AllowedOrigins: []string{"https://a.example"}, AllowedMethods: []string{"PUT"}, AllowedHeaders: []string{"*"}},
			{AllowedOrigins: []string{"*"}, AllowedMethods: []string{"GET"}, AllowedHeaders: []string{"*"}},
		},
	}}); err != nil {
		t.Fatal(err)
	}
	file, err := s3.NewPresignClient(client).PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a/b")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, origin, method, allowed string }{
		{"of an allowed origin", "https://a.example", http.MethodPut, "https://a.example"},
		{"of another origin", "https://b.example", http.MethodPut, ""},
		{"of a redirected page", "null", http.MethodGet, "*"},
	} {
		t.Run("a preflight "+c.name, func(t *testing.T) {
			preflight, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, file.URL, nil)
			if err != nil {
				t.Fatal(err)
			}
			preflight.Header.Set("Origin", c.origin)
			preflight.Header.Set("Access-Control-Request-Method", c.method)
			preflight.Header.Set("Access-Control-Request-Headers", "x-api-key")
			response, err := http.DefaultClient.Do(preflight)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if got := response.Header.Get("Access-Control-Allow-Origin"); got != c.allowed {
				t.Errorf("status %d allows %q, want %q", response.StatusCode, got, c.allowed)
			}
		})
	}
}

// S3 rejects an x-amz-* header that a presigned URL does not sign: "There were headers present in the request which
// were not signed" (soto-project/soto#374; rustfs/rustfs#7425 has what such a header would allow).
func TestAPresignedRequestWithAnUnsignedHeaderIsRejected(t *testing.T) {
	s := newTestEnv(t, nil)
	client := s3.NewFromConfig(s.config())
	newBucket(t, s, "presigned-headers")
	bucket := aws.String("presigned-headers")
	signed, err := s3.NewPresignClient(client).PresignPutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: aws.String("a"), Tagging: aws.String("a=b")},
		func(o *s3.PresignOptions) {
			o.ClientOptions = append(o.ClientOptions, func(o *s3.Options) { o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired })
		})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		header string
		status int
	}{
		"a storage class":            {"X-Amz-Storage-Class", http.StatusForbidden},
		"a copy source":              {"X-Amz-Copy-Source", http.StatusForbidden},
		"metadata":                   {"X-Amz-Meta-A", http.StatusForbidden},
		"a header that is not AWS's": {"Cache-Control", http.StatusOK},
		"no unsigned header":         {"", http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			request, err := http.NewRequestWithContext(t.Context(), signed.Method, signed.URL, strings.NewReader("x"))
			if err != nil {
				t.Fatal(err)
			}
			for name := range signed.SignedHeader {
				if name != "Host" {
					request.Header.Set(name, signed.SignedHeader.Get(name))
				}
			}
			if test.header != "" {
				request.Header.Set(test.header, "STANDARD_IA")
			}
			response, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode != test.status {
				t.Errorf("status %d, want %d", response.StatusCode, test.status)
			}
		})
	}
}

// The tags of a version are its own: they are read whatever became of the object.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectTagging.html (versionId)
func TestTheTagsOfADeletedObjectsVersionAreRead(t *testing.T) {
	env := newTestEnv(t, nil)
	client := s3.NewFromConfig(env.config())
	newBucket(t, env, "tagged-versions")
	bucket, key := aws.String("tagged-versions"), aws.String("a/b")
	if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	put, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Tagging: aws.String("kind=report")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: key}); err != nil {
		t.Fatal(err)
	}
	tags, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: bucket, Key: key, VersionId: put.VersionId})
	if err != nil || len(tags.TagSet) != 1 || aws.ToString(tags.TagSet[0].Value) != "report" {
		t.Errorf("got %+v, %v", tags, err)
	}
	for name, version := range map[string]*string{"without a version": nil, "of a version that is not there": aws.String("00000000-0000-4000-8000-000000000000")} {
		if _, err := client.GetObjectTagging(t.Context(), &s3.GetObjectTaggingInput{Bucket: bucket, Key: key, VersionId: version}); err == nil {
			t.Errorf("tags %s are read", name)
		}
	}
}
