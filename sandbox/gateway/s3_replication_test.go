package gateway

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

// replication is a bucket whose objects are replicated to another region, each with a key there.
type replication struct {
	client, there         *s3.Client
	source, target        string
	sourceKey, replicaKey string
	role                  string
}

const copiesRegion = "eu-central-1"

func newReplication(t *testing.T, s *testEnv, name string) replication {
	t.Helper()
	other := s.config()
	other.Region = copiesRegion
	r := replication{
		client: s3.NewFromConfig(s.config()), there: s3.NewFromConfig(other), source: name + "-source", target: name + "-target", role: name,
		sourceKey: regionalKey(t, s.config()), replicaKey: regionalKey(t, other),
	}
	r.bucket(t, r.client, testRegion, r.source, r.sourceKey)
	r.bucket(t, r.there, copiesRegion, r.target, r.replicaKey)
	return r
}

func regionalKey(t *testing.T, c aws.Config) string {
	t.Helper()
	made, err := kms.NewFromConfig(c).CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	return *made.KeyMetadata.Arn
}

func (r replication) bucket(t *testing.T, client *s3.Client, region, name, key string) {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name, CreateBucketConfiguration: &types.CreateBucketConfiguration{
		LocationConstraint: types.BucketLocationConstraint(region),
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{
		Status: types.BucketVersioningStatusEnabled,
	}}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutBucketEncryption(t.Context(), &s3.PutBucketEncryptionInput{Bucket: &name, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
		Rules: []types.ServerSideEncryptionRule{{BucketKeyEnabled: aws.Bool(true), ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
			SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: &key,
		}}},
	}}); err != nil {
		t.Fatal(err)
	}
}

// statements are what AWS's page on the role's permissions has, by the permission.
func (r replication) statements() map[string]string {
	allow := func(action, resource, condition string) string {
		return fmt.Sprintf(`{"Effect":"Allow","Action":%q,"Resource":%q,"Condition":%s}`, action, resource, condition)
	}
	through := func(bucket, region string) string {
		return fmt.Sprintf(`{"StringEquals":{"kms:ViaService":"s3.%s.amazonaws.com","kms:EncryptionContext:aws:s3:arn":"arn:aws:s3:::%s"}}`, region, bucket)
	}
	source, target := "arn:aws:s3:::"+r.source+"/*", "arn:aws:s3:::"+r.target+"/*"
	return map[string]string{
		"s3:GetObjectVersionForReplication": allow("s3:GetObjectVersionForReplication", source, "{}"),
		"s3:GetObjectVersionAcl":            allow("s3:GetObjectVersionAcl", source, "{}"),
		"s3:GetObjectVersionTagging":        allow("s3:GetObjectVersionTagging", source, "{}"),
		"s3:ReplicateObject":                allow("s3:ReplicateObject", target, "{}"),
		"s3:ReplicateTags":                  allow("s3:ReplicateTags", target, "{}"),
		"kms:Decrypt":                       allow("kms:Decrypt", r.sourceKey, through(r.source, testRegion)),
		"kms:Encrypt":                       allow("kms:Encrypt", r.replicaKey, through(r.target, copiesRegion)),
	}
}

// configure creates the role with the statements but one, and the replication with it.
func (r replication) configure(t *testing.T, s *testEnv, name, without, service string) {
	t.Helper()
	var kept []string
	for permission, statement := range r.statements() {
		if permission != without {
			kept = append(kept, statement)
		}
	}
	client := iam.NewFromConfig(s.config())
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":%q},"Action":"sts:AssumeRole"}]}`, service)
	role, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: &name, PolicyDocument: aws.String(document(kept...))}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.client.PutBucketReplication(t.Context(), &s3.PutBucketReplicationInput{Bucket: &r.source, ReplicationConfiguration: &types.ReplicationConfiguration{
		Role: role.Role.Arn,
		Rules: []types.ReplicationRule{{
			ID: aws.String("copies"), Status: types.ReplicationRuleStatusEnabled, Priority: aws.Int32(1), Filter: &types.ReplicationRuleFilter{Prefix: aws.String("")},
			DeleteMarkerReplication: &types.DeleteMarkerReplication{Status: types.DeleteMarkerReplicationStatusDisabled},
			SourceSelectionCriteria: &types.SourceSelectionCriteria{SseKmsEncryptedObjects: &types.SseKmsEncryptedObjects{Status: types.SseKmsEncryptedObjectsStatusEnabled}},
			Destination: &types.Destination{
				Bucket: aws.String("arn:aws:s3:::" + r.target), Metrics: &types.Metrics{Status: types.MetricsStatusEnabled},
				EncryptionConfiguration: &types.EncryptionConfiguration{ReplicaKmsKeyID: &r.replicaKey},
			},
		}},
	}}); err != nil {
		t.Fatal(err)
	}
}

// status writes an object and reads what S3 says of its replication.
func (r replication) status(t *testing.T, key string) types.ReplicationStatus {
	t.Helper()
	if _, err := r.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &r.source, Key: &key, Body: strings.NewReader("content")}); err != nil {
		t.Fatal(err)
	}
	head, err := r.client.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &r.source, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	if got := aws.ToString(head.SSEKMSKeyId); got != r.sourceKey {
		t.Errorf("the source is encrypted with %q, want %q", got, r.sourceKey)
	}
	return head.ReplicationStatus
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/replication-config-for-kms-objects.html
func TestAReplicaIsEncryptedWithTheKeyOfItsRegion(t *testing.T) {
	s := newTestEnv(t, nil)
	r := newReplication(t, s, "replica")
	r.configure(t, s, "replica-role", "", "s3.amazonaws.com")
	if got := r.status(t, "a/file"); got != types.ReplicationStatusCompleted {
		t.Fatalf("the status is %q", got)
	}
	head, err := r.there.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &r.target, Key: aws.String("a/file")})
	if err != nil {
		t.Fatal(err)
	}
	if head.ReplicationStatus != types.ReplicationStatusReplica || aws.ToString(head.SSEKMSKeyId) != r.replicaKey {
		t.Errorf("the replica has the status %q and the key %q, want REPLICA and %q", head.ReplicationStatus, aws.ToString(head.SSEKMSKeyId), r.replicaKey)
	}
	if _, err := r.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &r.source, Key: aws.String("a/file")}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.there.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &r.target, Key: aws.String("a/file")}); err != nil {
		t.Errorf("the deletion reached the replica: %v", err)
	}
}

func TestAnObjectIsNotReplicatedByARoleThatMayNot(t *testing.T) {
	s := newTestEnv(t, nil)
	r := newReplication(t, s, "denied")
	n := 0
	for permission := range r.statements() {
		t.Run(permission, func(t *testing.T) {
			n++
			name := fmt.Sprintf("denied-%d", n)
			r.configure(t, s, name, permission, "s3.amazonaws.com")
			if got := r.status(t, name); got != types.ReplicationStatusFailed {
				t.Errorf("without %s the status is %q", permission, got)
			}
			if _, err := r.there.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &r.target, Key: &name}); err == nil {
				t.Error("there is a replica")
			}
		})
	}
	t.Run("a role for another service", func(t *testing.T) {
		r.configure(t, s, "denied-trust", "", "lambda.amazonaws.com")
		if got := r.status(t, "trust"); got != types.ReplicationStatusFailed {
			t.Errorf("the status is %q", got)
		}
	})
}

// https://docs.aws.amazon.com/AmazonS3/latest/userguide/repl-metrics.html
func TestTheOperationsOfAReplicationAreCountedOnce(t *testing.T) {
	s := newTestEnv(t, nil)
	r := newReplication(t, s, "counted")
	take := func() []emulator.Replication {
		t.Helper()
		operations, err := s.gateway.TakeReplications(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return operations
	}
	take() // other tests replicate too
	r.configure(t, s, "counted-role", "", "s3.amazonaws.com")
	r.status(t, "copied")
	r.configure(t, s, "counted-denied", "s3:ReplicateObject", "s3.amazonaws.com")
	r.status(t, "denied")
	operation := emulator.Replication{Source: r.source, Target: r.target, Rule: "copies"}
	failed := operation
	failed.Failed = true
	if got, want := take(), []emulator.Replication{operation, failed}; !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := take(); len(got) != 0 {
		t.Errorf("%+v are counted twice", got)
	}
}
