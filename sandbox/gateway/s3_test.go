package gateway

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestKeysOfVersionsAreEncodedWhenAskedFor(t *testing.T) {
	s := newStand(t, nil)
	client := s3.NewFromConfig(s.config())
	bucket, key := aws.String("versions-of-odd-keys"), "folder/big file+1&<é>.bin"
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: bucket, CreateBucketConfiguration: &types.CreateBucketConfiguration{
		LocationConstraint: types.BucketLocationConstraintEuWest1,
	}}); err != nil {
		t.Fatal(err)
	}
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
