package audit

import (
	"testing"

	"github.com/didomi/serverless-api/ops/types"
)

func TestNothingIsPublicButTheAPIBehindAWebACL(t *testing.T) {
	const everyone = `{"Statement":{"Sid":"Open","Effect":"Allow","Principal":{"AWS":["*"]},"Action":"s3:GetObject","Resource":"*"}}`
	check(t, "exposure", map[string]example{
		"a bucket for everyone": {func(s stack) { s.set(types.BucketPolicy, "", "policy", everyone) }, []string{
			`data-files: allows everyone [s3:GetObject] by the statement "Open"`,
		}},
		"a topic for everyone of the account": {func(s stack) {
			s.set(types.TopicPolicy, "", "policy",
				`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}]}`)
		}, nil},
		"a key for everyone": {func(s stack) {
			s.set(types.Key, "data-key", "policy", `{"Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":["kms:Decrypt"],"Resource":"*"}]}`)
		}, []string{`data-key: allows everyone [kms:Decrypt] by the statement "All"`}},
		"a policy that only its type's row describes": {func(s stack) {
			s.add("aws:sqs/queuePolicy:QueuePolicy", "queue", map[string]any{"policy": everyone})
		}, []string{`queue: allows everyone [s3:GetObject] by the statement "Open"`}},
		"a switch that only its type's row describes": {func(s stack) {
			s.add("aws:rds/instance:Instance", "instance", map[string]any{"publiclyAccessible": true, "identifier": "didomi-prod-instance"})
		}, []string{"instance: has a public address"}},
		"a bucket without a block": {func(s stack) { s.remove(types.BucketPublicAccessBlock, "") }, []string{
			"data-files: has no public access block",
		}},
		"a block with a gap": {func(s stack) {
			s.set(types.BucketPublicAccessBlock, "", "restrictPublicBuckets", false)
		}, []string{"data-files: can be made public: restrictPublicBuckets is off"}},
		"a bucket with a public ACL": {func(s stack) {
			s.add("aws:s3/bucketAclV2:BucketAclV2", "acl", map[string]any{"acl": "public-read"})
		}, []string{"acl: grants access by the canned ACL public-read"}},
		"a database with a public address": {func(s stack) { s.set(types.ClusterInstance, "", "publiclyAccessible", true) }, []string{
			"data-instance-1: has a public address",
		}},
		"a function with a URL of its own": {func(s stack) {
			s.add("aws:lambda/functionUrl:FunctionUrl", "url", map[string]any{"authorizationType": "NONE"})
		}, []string{"url: is a public address of a function, with authorization NONE"}},
		"a function for every API": {func(s stack) { s.set(types.Permission, "", "sourceArn", nil) }, []string{
			`api-invoke: allows "apigateway.amazonaws.com" of any account to invoke the function`,
		}},
		"a public load balancer": {func(s stack) {
			s.add("aws:lb/loadBalancer:LoadBalancer", "front", map[string]any{"internal": false})
		}, []string{"front: is public"}},
		"an address of its own": {func(s stack) { s.add(types.EIP, "address", map[string]any{}) }, []string{
			"address: is a public address that no NAT gateway uses",
		}},
		"the cache in the public subnets": {func(s stack) {
			s.set(types.CacheSubnetGroup, "", "subnetIds", []any{s.one(types.Subnet, "public-1").ID})
			s.set(types.Subnet, "public-1", "mapPublicIpOnLaunch", true)
		}, []string{"data-cache: is in the subnet didomi-prod-network-vpc-public-1, which gives public addresses"}},
		"an API without a firewall": {func(s stack) { s.remove(types.WebACLAssociation, "") }, []string{
			"api-stage: is public without a web ACL",
		}},
	})
}
