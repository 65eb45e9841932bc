package data

import (
	"reflect"
	"testing"
)

func TestTheBucketHasTheDataKeyAndTheConfiguredRetention(t *testing.T) {
	r, _ := build(t, prod())
	if got := len(r.OfType("aws:s3/bucketV2:BucketV2")); got != 1 {
		t.Errorf("%d buckets without an access log, want 1", got)
	}
	encryption := r.Find(t, "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", "data-files")
	if key := encryption.Inputs["rules"].([]any)[0].(map[string]any)["applyServerSideEncryptionByDefault"].(map[string]any)["kmsMasterKeyId"]; key != dataKey {
		t.Errorf("its key is %v", key)
	}
	lifecycle := r.Find(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "data-files").Inputs["rules"].([]any)
	if days := lifecycle[1].(map[string]any)["noncurrentVersionExpiration"].(map[string]any)["noncurrentDays"]; days != 30.0 {
		t.Errorf("earlier versions are kept for %v days", days)
	}
}

func TestFilesMoveToTheConfiguredStorageClasses(t *testing.T) {
	step := func(class string, days float64) any {
		return map[string]any{"storageClass": class, "days": days}
	}
	for name, c := range map[string]struct {
		infrequent, archive int
		want                []any
	}{
		"never":              {0, 0, nil},
		"to infrequent only": {30, 0, []any{step("STANDARD_IA", 30)}},
		"to archive only":    {0, 1, []any{step("GLACIER_IR", 1)}},
		"to one, then other": {30, 60, []any{step("STANDARD_IA", 30), step("GLACIER_IR", 60)}},
	} {
		t.Run(name, func(t *testing.T) {
			config := prod()
			config.Bucket.InfrequentDays, config.Bucket.ArchiveDays = c.infrequent, c.archive
			r, _ := build(t, config)
			rules := r.Find(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "data-files").Inputs["rules"].([]any)
			if c.want == nil {
				if len(rules) != 2 {
					t.Errorf("got the rules %v, want the two that are always there", rules)
				}
				return
			}
			want := map[string]any{"id": "colder", "status": "Enabled", "filter": map[string]any{"prefix": ""}, "transitions": c.want}
			if len(rules) != 3 || !reflect.DeepEqual(rules[0], want) {
				t.Errorf("got the rules %v, want the first to be %v", rules, want)
			}
		})
	}
}

func TestRequestsToTheBucketAreLoggedToAnotherBucket(t *testing.T) {
	c := prod()
	c.Bucket.AccessLogDays = 90
	r, _ := build(t, c)
	const id, arn = "data-access-log-id", "arn:aws:s3:eu-west-1:123456789012:data-access-log"
	for token, want := range map[string]map[string]any{
		"aws:s3/bucketLoggingV2:BucketLoggingV2": {"bucket": "data-files-id", "targetBucket": id, "targetPrefix": "files/"},
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": {
			"bucket": id, "rules": []any{map[string]any{
				"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"},
			}},
		},
		"aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": {
			"bucket": id, "blockPublicAcls": true, "blockPublicPolicy": true,
			"ignorePublicAcls": true, "restrictPublicBuckets": true,
		},
		"aws:s3/bucketPolicy:BucketPolicy": {
			"bucket": id, "policy": `{"Statement":[{"Action":["s3:PutObject"],` +
				`"Condition":{"ArnLike":{"aws:SourceArn":"arn:aws:s3:eu-west-1:123456789012:data-files"},"StringEquals":{"aws:SourceAccount":"123456789012"}},` +
				`"Effect":"Allow","Principal":{"Service":"logging.s3.amazonaws.com"},"Resource":["` + arn + `/*"],"Sid":"AccessLog"},` +
				`{"Action":["s3:*"],"Condition":{"Bool":{"aws:SecureTransport":"false"}},"Effect":"Deny","Principal":{"AWS":"*"},` +
				`"Resource":["` + arn + `","` + arn + `/*"],"Sid":"TLSOnly"}],"Version":"2012-10-17"}`,
		},
	} {
		if got := r.Find(t, token, "data-access-log").Inputs; !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v\nwant %v", token, got, want)
		}
	}
	rules := r.Find(t, "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", "data-access-log").Inputs["rules"].([]any)
	if got := rules[0].(map[string]any)["expiration"]; len(rules) != 2 || !reflect.DeepEqual(got, map[string]any{"days": 90.0}) {
		t.Errorf("the log is kept by %v", rules)
	}
}
