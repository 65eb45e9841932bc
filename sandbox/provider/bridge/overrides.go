package bridge

import (
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/tfbridge"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// descriptions are the properties that default to "Managed by Pulumi" where AWS
// requires a text, by upstream type.
var descriptions = map[string]string{
	"aws_api_gateway_api_key":         "description",
	"aws_db_option_group":             "option_group_description",
	"aws_db_parameter_group":          "description",
	"aws_db_subnet_group":             "description",
	"aws_elasticache_parameter_group": "description",
	"aws_elasticache_subnet_group":    "description",
	"aws_rds_cluster_parameter_group": "description",
	"aws_route53_zone":                "comment",
	"aws_security_group":              "description",
}

// documents are the properties that take a JSON document as a string or as an
// object, by upstream type.
var documents = map[string]string{
	"aws_cloudwatch_log_resource_policy": "policy_document",
	"aws_iam_group_policy":               "policy",
	"aws_iam_policy":                     "policy",
	"aws_iam_role":                       "assume_role_policy",
	"aws_iam_role_policy":                "policy",
	"aws_iam_user_policy":                "policy",
	"aws_s3_bucket":                      "policy",
	"aws_s3_bucket_policy":               "policy",
	"aws_sns_topic_policy":               "policy",
	"aws_sqs_queue_policy":               "policy",
}

// deletedFirst are the types of which AWS allows one at a time, or of which a
// replacement that is created first would be deleted with the original.
var deletedFirst = []string{
	"aws_api_gateway_integration",
	"aws_cloudwatch_log_subscription_filter",
	"aws_ec2_transit_gateway_vpc_attachment",
	"aws_iam_account_alias",
	"aws_iam_group_policy_attachment",
	"aws_iam_policy_attachment",
	"aws_iam_role_policy_attachment",
	"aws_iam_user_policy_attachment",
	"aws_security_group_rule",
}

// assets are the properties that take a Pulumi archive or asset where upstream
// takes a path, by upstream type and key.
func assets() map[string]map[string]*tfbridge.AssetTranslation {
	zip := func() *tfbridge.AssetTranslation {
		return &tfbridge.AssetTranslation{
			Kind:      tfbridge.FileArchive,
			Format:    resource.ZIPArchive,
			HashField: "source_code_hash",
		}
	}
	file := func() *tfbridge.AssetTranslation { return &tfbridge.AssetTranslation{Kind: tfbridge.FileAsset} }
	return map[string]map[string]*tfbridge.AssetTranslation{
		"aws_lambda_function":      {"filename": zip()},
		"aws_lambda_layer_version": {"filename": zip()},
		"aws_s3_bucket_object":     {"source": file()},
		"aws_s3_object":            {"source": file()},
	}
}

// objectKey names an object after its resource unless a key is given.
func objectKey() *tfbridge.DefaultInfo {
	return &tfbridge.DefaultInfo{From: tfbridge.FromName(tfbridge.AutoNameOptions{})}
}

func override(resources map[string]*tfbridge.ResourceInfo) {
	for upstream, key := range descriptions {
		if info := resources[upstream]; info != nil {
			field(info, key).Default = &tfbridge.DefaultInfo{Value: "Managed by Pulumi"}
		}
	}
	for upstream, key := range documents {
		if info := resources[upstream]; info != nil {
			field(info, key).Type = "string"
			field(info, key).Transform = tfbridge.TransformJSONDocument
		}
	}
	for _, upstream := range deletedFirst {
		if info := resources[upstream]; info != nil {
			info.DeleteBeforeReplace = true
		}
	}
	for upstream, keys := range assets() {
		for key, asset := range keys {
			if info := resources[upstream]; info != nil {
				field(info, key).Type = ""
				field(info, key).Asset = asset
			}
		}
	}
	for _, upstream := range []string{"aws_s3_bucket_object", "aws_s3_object"} {
		if info := resources[upstream]; info != nil {
			field(info, "key").Default = objectKey()
		}
	}
}

// field returns a resource's override for one key, which it creates if missing.
func field(info *tfbridge.ResourceInfo, key string) *tfbridge.SchemaInfo {
	if info.Fields == nil {
		info.Fields = map[string]*tfbridge.SchemaInfo{}
	}
	if info.Fields[key] == nil {
		info.Fields[key] = &tfbridge.SchemaInfo{}
	}
	return info.Fields[key]
}
