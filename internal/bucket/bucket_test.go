package bucket

import (
	"reflect"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestABucketIsPrivateEncryptedVersionedAndHasALifecycle(t *testing.T) {
	const name, key = "files", "arn:aws:kms:eu-west-1:123456789012:key/data"
	const id, arn = name + "-id", "arn:aws:s3:eu-west-1:123456789012:" + name
	r := mocks.Run(t, func(ctx *pulumi.Context) error {
		parent := &pulumi.ResourceState{}
		if err := ctx.RegisterComponentResource("didomi:test:Test", "parent", parent); err != nil {
			return err
		}
		_, err := New(ctx, name, Args{KeyARN: pulumi.String(key), NoncurrentDays: 30, Protect: true}, parent)
		return err
	})
	for token, want := range map[string]map[string]any{
		"aws:s3/bucketV2:BucketV2": {"forceDestroy": false},
		"aws:s3/bucketVersioningV2:BucketVersioningV2": {
			"bucket": id, "versioningConfiguration": map[string]any{"status": "Enabled"},
		},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {
			"bucket": id, "rules": []any{map[string]any{
				"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "aws:kms", "kmsMasterKeyId": key},
				"bucketKeyEnabled":                   true,
			}},
		},
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
			"bucket": id, "blockPublicAcls": true, "blockPublicPolicy": true,
			"ignorePublicAcls": true, "restrictPublicBuckets": true,
		},
		"aws:s3/bucketOwnershipControls:BucketOwnershipControls": {
			"bucket": id, "rule": map[string]any{"objectOwnership": "BucketOwnerEnforced"},
		},
		"aws:s3/bucketPolicy:BucketPolicy": {
			"bucket": id, "policy": `{"Statement":[{"Action":["s3:*"],` +
				`"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":{"AWS":"*"},` +
				`"Resource":["` + arn + `","` + arn + `/*"],"Sid":"TLSOnly"}],"Version":"2012-10-17"}`,
		},
		"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": {
			"bucket": id, "rules": []any{
				map[string]any{
					"id": "abandoned-uploads", "status": "Enabled", "filter": map[string]any{"prefix": ""},
					"abortIncompleteMultipartUpload": map[string]any{"daysAfterInitiation": 7.0},
				},
				map[string]any{
					"id": "old-versions", "status": "Enabled", "filter": map[string]any{"prefix": ""},
					"noncurrentVersionExpiration": map[string]any{"noncurrentDays": 30.0},
				},
			},
		},
	} {
		t.Run(token, func(t *testing.T) {
			got := r.Find(t, token, name)
			if !reflect.DeepEqual(got.Inputs, want) {
				t.Errorf("got %v\nwant %v", got.Inputs, want)
			}
			if got.ParentName() != "parent" {
				t.Errorf("its parent is %s", got.ParentName())
			}
		})
	}
	if !r.Find(t, "aws:s3/bucketV2:BucketV2", name).Options.Protect {
		t.Error("the bucket is not protected")
	}
}
