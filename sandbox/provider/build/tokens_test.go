package main

import "testing"

func TestTokenOfAnUpstreamType(t *testing.T) {
	resources := newTokens(
		"aws:ec2/vpc:Vpc", "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:rds/proxy:Proxy",
		"aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
		"aws:s3/bucketV2:BucketV2", "aws:s3/bucketVersioningV2:BucketVersioningV2", "aws:s3/bucketPolicy:BucketPolicy",
		"aws:apigateway/response:Response", "aws:cloudtrail/trail:Trail", "aws:apigateway/restApi:RestApi",
	)
	for upstream, want := range map[string]string{
		"aws_vpc":                             "aws:ec2/vpc:Vpc",
		"aws_vpc_endpoint":                    "aws:ec2/vpcEndpoint:VpcEndpoint",
		"aws_vpc_security_group_ingress_rule": "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
		"aws_db_proxy":                        "aws:rds/proxy:Proxy",
		"aws_s3_bucket":                       "aws:s3/bucketV2:BucketV2",
		"aws_s3_bucket_versioning":            "aws:s3/bucketVersioningV2:BucketVersioningV2",
		"aws_s3_bucket_policy":                "aws:s3/bucketPolicy:BucketPolicy",
		"aws_api_gateway_gateway_response":    "aws:apigateway/response:Response",
		"aws_api_gateway_rest_api":            "aws:apigateway/restApi:RestApi",
		"aws_newer_than_the_sdk":              "",
	} {
		t.Run("resource "+upstream, func(t *testing.T) {
			if got := resources.resource(upstream); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
	functions := newTokens("aws:index/getRegion:getRegion", "aws:ec2/getElasticIp:getElasticIp")
	for upstream, want := range map[string]string{
		"aws_region": "aws:index/getRegion:getRegion",
		"aws_eip":    "aws:ec2/getElasticIp:getElasticIp",
	} {
		t.Run("data source "+upstream, func(t *testing.T) {
			if got := functions.function(upstream); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
