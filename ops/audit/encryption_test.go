package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/types"
)

func TestDataIsEncryptedAtRestAndInTransit(t *testing.T) {
	check(t, "encryption", map[string]example{
		"a cluster without encryption": {func(s stack) { s.set(types.Cluster, "", "storageEncrypted", false) }, []string{
			"data-cluster: is not encrypted at rest",
		}},
		"a cluster with AWS's key": {func(s stack) { s.set(types.Cluster, "", "kmsKeyId", "alias/aws/rds") }, []string{
			`data-cluster: is not encrypted at rest with a key of ours: kmsKeyId is "alias/aws/rds"`,
		}},
		"the master's secret with AWS's key": {func(s stack) { s.set(types.Cluster, "", "masterUserSecretKmsKeyId", nil) }, []string{
			`data-cluster: is not encrypted at rest with a key of ours: masterUserSecretKmsKeyId is ""`,
		}},
		"a database that accepts connections without TLS": {func(s stack) {
			s.set(types.ClusterParameterGroup, "", "parameters", []any{map[string]any{"name": "rds.force_ssl", "value": "0"}})
		}, []string{"data-cluster: accepts connections without TLS, or with an old version: rds.force_ssl in the cluster's parameter group is <nil>"}},
		"insights with AWS's key": {func(s stack) { s.set(types.ClusterInstance, "", "performanceInsightsKmsKeyId", nil) }, []string{
			`data-instance-1: is not encrypted at rest with a key of ours: performanceInsightsKmsKeyId is ""`,
		}},
		"a proxy that accepts connections without TLS": {func(s stack) { s.set(types.DBProxy, "", "requireTls", false) }, []string{
			"data-proxy: accepts connections without TLS, or with an old version: requireTls is false",
		}},
		"a cache without encryption": {func(s stack) { s.set(types.ReplicationGroup, "", "atRestEncryptionEnabled", false) }, []string{
			"data-cache: is not encrypted at rest",
		}},
		"a cache that prefers TLS": {func(s stack) { s.set(types.ReplicationGroup, "", "transitEncryptionMode", "preferred") }, []string{
			"data-cache: accepts connections without TLS, or with an old version: transitEncryptionEnabled is true",
		}},
		"a bucket with S3's own key": {func(s stack) {
			s.set(types.BucketEncryption, "", "rules", []any{map[string]any{"applyServerSideEncryptionByDefault": map[string]any{"sseAlgorithm": "AES256"}}})
		}, []string{`data-files: is not encrypted at rest with a key of ours: rules is ""`}},
		"a bucket without a configuration of encryption": {func(s stack) { s.remove(types.BucketEncryption, "") }, []string{
			"data-files: has no server-side encryption with a key of ours",
		}},
		"a bucket that accepts requests without TLS": {func(s stack) {
			s.set(types.BucketPolicy, "", "policy", `{"Statement":[]}`)
		}, []string{"data-files: accepts connections without TLS, or with an old version: a bucket policy that denies aws:SecureTransport false is <nil>"}},
		"a secret with AWS's key": {func(s stack) { s.set(types.Secret, "data-app", "kmsKeyId", "") }, []string{
			`data-app: is not encrypted at rest with a key of ours: kmsKeyId is ""`,
		}},
		"a log without a key": {func(s stack) { s.set(types.LogGroup, "", "kmsKeyId", nil) }, []string{
			`api-function-log: is not encrypted at rest with a key of ours: kmsKeyId is ""`,
		}},
		"a function without a key": {func(s stack) { s.set(types.Function, "", "kmsKeyArn", nil) }, []string{
			`api-function: is not encrypted at rest with a key of ours: kmsKeyArn is ""`,
		}},
		"a topic without a key": {func(s stack) { s.set(types.Topic, "", "kmsMasterKeyId", nil) }, []string{
			`api-alarms: is not encrypted at rest with a key of ours: kmsMasterKeyId is ""`,
		}},
		"a type that only its row describes": {func(s stack) { s.add("aws:sqs/queue:Queue", "queue", map[string]any{}) }, []string{
			`queue: is not encrypted at rest with a key of ours: kmsMasterKeyId is ""`,
		}},
		"a key of another stack is a key": {func(s stack) {
			s.set(types.Topic, "", "kmsMasterKeyId", "arn:aws:kms:eu-west-1:000000000000:key/elsewhere")
		}, nil},
		"a key that is unknown in a preview is a key": {func(s stack) { s.set(types.Topic, "", "kmsMasterKeyId", graph.Unknown) }, nil},
		"a key that is never rotated": {func(s stack) { s.set(types.Key, "data-key", "enableKeyRotation", false) }, []string{
			"data-key: is never rotated",
		}},
		"a domain name that accepts TLS 1.0": {func(s stack) { s.set(types.DomainName, "", "securityPolicy", "TLS_1_0") }, []string{
			"api-domain: accepts connections without TLS, or with an old version: securityPolicy is TLS_1_0",
		}},
		"a type whose row has nothing on encryption": {func(s stack) {
			s.add("aws:efs/fileSystem:FileSystem", "disk", map[string]any{"encrypted": false})
		}, []string{"disk: has encrypted, and the audit does not know its data"}},
	})
}
