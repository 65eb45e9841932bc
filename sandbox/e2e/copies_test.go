package e2e

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// copiesRegion is data.copies.region of prod.
const copiesRegion = "eu-central-1"

// checkCopies uploads a file through the API of a stack with copies: the bucket in the other region has it, encrypted
// with a key there, and its deletion does not reach it. AWS Backup's vaults and plan are stored in the sandbox, which
// takes no backup by them.
func checkCopies(t *testing.T, out outputs) {
	t.Helper()
	const key = "e2e/copied.txt"
	sendPresigned(t, requestUpload(t, out, key, len("copied")).presigned, "copied")
	here := awsConfig(out)
	there := here.Copy()
	there.Region = copiesRegion
	source, replicas := s3.NewFromConfig(here), s3.NewFromConfig(there)
	// The sandbox replicates before it responds to the upload.
	head, err := source.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: &out.Bucket, Key: aws.String(key)})
	if err != nil || head.ReplicationStatus != types.ReplicationStatusCompleted {
		t.Fatalf("the uploaded file: %v, %v", head, err)
	}
	target := copiesBucket(t, replicas, out)
	checkReplica(t, replicas, target, key)
	if _, err := source.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &out.Bucket, Key: aws.String(key)}); err != nil {
		t.Fatal(err)
	}
	if got := request(t, out, http.MethodGet, "/files/"+key, ""); got.status != http.StatusNotFound {
		t.Errorf("the deleted file: %d", got.status)
	}
	checkReplica(t, replicas, target, key)
}

// copiesBucket is a stack's bucket in the other region.
func copiesBucket(t *testing.T, client *s3.Client, out outputs) string {
	t.Helper()
	all, err := client.ListBuckets(t.Context(), &s3.ListBucketsInput{Prefix: aws.String("didomi-" + out.Stack + "-data-copies-")})
	if err != nil || len(all.Buckets) != 1 {
		t.Fatalf("the buckets with copies are %v, %v", all, err)
	}
	return aws.ToString(all.Buckets[0].Name)
}

func checkReplica(t *testing.T, client *s3.Client, bucket, key string) {
	t.Helper()
	got, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(got.Body)
	if err != nil || string(content) != "copied" || got.ReplicationStatus != types.ReplicationStatusReplica {
		t.Errorf("the replica has %q, %v and the status %s", content, err, got.ReplicationStatus)
	}
	if used := aws.ToString(got.SSEKMSKeyId); !strings.Contains(used, ":"+copiesRegion+":") {
		t.Errorf("the replica is encrypted with %s, want a key in %s", used, copiesRegion)
	}
}
