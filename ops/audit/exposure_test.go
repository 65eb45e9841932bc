package audit

import "testing"

func TestExposure(t *testing.T) {
	const everyone = `{"Statement":{"Sid":"Open","Effect":"Allow","Principal":{"AWS":["*"]},"Action":"s3:GetObject","Resource":"*"}}`
	check(t, "exposure", map[string]example{
		"a bucket for everyone": {func(s stack) { s.set("aws:s3/bucketPolicy:BucketPolicy", "", "policy", everyone) }, []string{
			`data-files: lets everyone [s3:GetObject] by the statement "Open"`,
		}},
		"a topic for everyone of the account": {func(s stack) {
			s.set("aws:sns/topicPolicy:TopicPolicy", "", "policy",
				`{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sns:Publish","Resource":"*","Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"}}}]}`)
		}, nil},
		"a key for everyone": {func(s stack) {
			s.set(keyType, "data-key", "policy", `{"Statement":[{"Sid":"All","Effect":"Allow","Principal":"*","Action":["kms:Decrypt"],"Resource":"*"}]}`)
		}, []string{`data-key: lets everyone [kms:Decrypt] by the statement "All"`}},
		"a bucket without a block": {func(s stack) { s.remove("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "") }, []string{
			"data-files: has no public access block",
		}},
		"a block with a gap": {func(s stack) {
			s.set("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "", "restrictPublicBuckets", false)
		}, []string{"data-files: can be made public: restrictPublicBuckets is off"}},
		"a bucket by its list": {func(s stack) {
			s.add("aws:s3/bucketAclV2:BucketAclV2", "acl", map[string]any{"acl": "public-read"})
		}, []string{"acl: gives access by the list public-read"}},
		"a database with a public address": {func(s stack) { s.set(instanceType, "", "publiclyAccessible", true) }, []string{
			"data-instance-1: has a public address",
		}},
		"a function with a URL of its own": {func(s stack) {
			s.add("aws:lambda/functionUrl:FunctionUrl", "url", map[string]any{"authorizationType": "NONE"})
		}, []string{"url: is a public address of a function, with authorization NONE"}},
		"a function for every API": {func(s stack) { s.set("aws:lambda/permission:Permission", "", "sourceArn", nil) }, []string{
			`api-invoke: lets "apigateway.amazonaws.com" call the function, of whatever account`,
		}},
		"a load balancer": {func(s stack) {
			s.add("aws:lb/loadBalancer:LoadBalancer", "front", map[string]any{"internal": false})
		}, []string{"front: is public"}},
		"an address of its own": {func(s stack) { s.add("aws:ec2/eip:Eip", "address", map[string]any{}) }, []string{
			"address: is a public address that no NAT gateway has",
		}},
		"the cache in the public subnets": {func(s stack) {
			s.set("aws:elasticache/subnetGroup:SubnetGroup", "", "subnetIds", []any{s.one(subnetType, "public-1").ID})
			s.set(subnetType, "public-1", "mapPublicIpOnLaunch", true)
		}, []string{"data-cache: is in the subnet didomi-prod-network-vpc-public-1, which gives public addresses"}},
		"an API without a firewall": {func(s stack) { s.remove("aws:wafv2/webAclAssociation:WebAclAssociation", "") }, []string{
			"api-stage: is public without a web ACL",
		}},
	})
}
