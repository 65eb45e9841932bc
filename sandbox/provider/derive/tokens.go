package derive

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
)

// modules says which SDK module a prefix of an upstream name stands for, the
// rest of the name being the type's. The longest prefix that leads to a type
// of the SDK wins; a name without one is looked for in ec2 and in the root
// module as a whole.
var modules = map[string]string{
	"acm":                 "acm",
	"api_gateway":         "apigateway",
	"appautoscaling":      "appautoscaling",
	"cloudtrail":          "cloudtrail",
	"cloudwatch":          "cloudwatch",
	"db":                  "rds",
	"ebs":                 "ebs",
	"ec2":                 "ec2",
	"ec2_client_vpn":      "ec2clientvpn",
	"ec2_transit_gateway": "ec2transitgateway",
	"elasticache":         "elasticache",
	"iam":                 "iam",
	"kms":                 "kms",
	"lambda":              "lambda",
	"organizations":       "organizations",
	"rds":                 "rds",
	"route53":             "route53",
	"s3":                  "s3",
	"s3control":           "s3control",
	"secretsmanager":      "secretsmanager",
	"sns":                 "sns",
	"sqs":                 "sqs",
	"ssm":                 "ssm",
	"verifiedaccess":      "verifiedaccess",
	"vpc":                 "vpc",
	"wafv2":               "wafv2",
}

// resourceTokens are the resources that the rule does not find.
var resourceTokens = map[string]string{
	"aws_api_gateway_gateway_response":            "apigateway/Response",
	"aws_cloudtrail":                              "cloudtrail/Trail",
	"aws_db_instance_role_association":            "rds/RoleAssociation",
	"aws_ec2_host":                                "ec2/DedicatedHost",
	"aws_ec2_instance_connect_endpoint":           "ec2transitgateway/InstanceConnectEndpoint",
	"aws_ec2_instance_state":                      "ec2transitgateway/InstanceState",
	"aws_ec2_transit_gateway":                     "ec2transitgateway/TransitGateway",
	"aws_iam_user_ssh_key":                        "iam/SshKey",
	"aws_network_interface_sg_attachment":         "ec2/NetworkInterfaceSecurityGroupAttachment",
	"aws_rds_instance_state":                      "rds/InstanceDesiredState",
	"aws_s3_bucket":                               "s3/BucketV2",
	"aws_s3_bucket_analytics_configuration":       "s3/AnalyticsConfiguration",
	"aws_s3_bucket_inventory":                     "s3/Inventory",
	"aws_s3_bucket_object":                        "s3/BucketObject",
	"aws_s3_bucket_replication_configuration":     "s3/BucketReplicationConfig",
	"aws_s3_object":                               "s3/BucketObjectv2",
	"aws_sns_topic_data_protection_policy":        "sns/DataProtectionPolicy",
	"aws_sqs_queue_redrive_allow_policy":          "sqs/RedriveAllowPolicy",
	"aws_sqs_queue_redrive_policy":                "sqs/RedrivePolicy",
	"aws_vpc_endpoint_security_group_association": "ec2/SecurityGroupAssociation",
	"aws_vpc_endpoint_service_allowed_principal":  "ec2/VpcEndpointServiceAllowedPrinciple",
	"aws_vpc_peering_connection_options":          "ec2/PeeringConnectionOptions",
}

// functionTokens are the data sources that the rule does not find.
var functionTokens = map[string]string{
	"aws_api_gateway_api_key":                       "apigateway/getKey",
	"aws_db_event_categories":                       "rds/getEventCategories",
	"aws_ebs_volumes":                               "ebs/getEbsVolumes",
	"aws_ec2_host":                                  "ec2/getDedicatedHost",
	"aws_ec2_transit_gateway":                       "ec2transitgateway/getTransitGateway",
	"aws_ec2_transit_gateway_attachment":            "ec2transitgateway/getAttachment",
	"aws_ec2_transit_gateway_attachments":           "ec2transitgateway/getAttachments",
	"aws_eip":                                       "ec2/getElasticIp",
	"aws_kms_ciphertext":                            "kms/getCipherText",
	"aws_rds_engine_version":                        "rds/getEngineVersion",
	"aws_canonical_user_id":                         "s3/getCanonicalUserId",
	"aws_vpc_ipam_preview_next_cidr":                "ec2/getIpamPreviewNextCidr",
	"aws_vpc_endpoint_associations":                 "vpc/getVpcEndpointAssociations",
	"aws_ec2_transit_gateway_dx_gateway_attachment": "ec2transitgateway/getDirectConnectGatewayAttachment",
}

// resourceToken gives the SDK's token of an upstream resource, "" if the SDK
// has none.
func (r *rules) resourceToken(upstream string) string {
	if token, ok := resourceTokens[upstream]; ok {
		return r.token(r.Resources, token)
	}
	for _, candidate := range candidates(upstream, "") {
		// Upstream has one S3 bucket API, the SDK two generations of it.
		for _, suffix := range []string{"V2", ""} {
			if token := r.token(r.Resources, candidate+suffix); token != "" {
				return token
			}
		}
	}
	return ""
}

// functionToken gives the SDK's token of an upstream data source, "" if the SDK
// has none.
func (r *rules) functionToken(upstream string) string {
	if token, ok := functionTokens[upstream]; ok {
		return r.token(r.Functions, token)
	}
	for _, candidate := range candidates(upstream, "get") {
		if token := r.token(r.Functions, candidate); token != "" {
			return token
		}
	}
	return ""
}

// candidates gives "module/Name" in the order of preference.
func candidates(upstream, verb string) []string {
	rest := strings.TrimPrefix(upstream, "aws_")
	prefixes := slices.SortedFunc(maps.Keys(modules), func(a, b string) int { return len(b) - len(a) })
	var found []string
	for _, prefix := range prefixes {
		if name, ok := strings.CutPrefix(rest, prefix+"_"); ok {
			found = append(found, modules[prefix]+"/"+verb+pascal(name))
		}
	}
	return append(found, "ec2/"+verb+pascal(rest), "index/"+verb+pascal(rest))
}

// token completes "module/Name" to the SDK's token, in the SDK's spelling.
func (r *rules) token(members map[string]*catalog.Member, name string) string {
	module, member, _ := strings.Cut(name, "/")
	want := strings.ToLower(fmt.Sprintf("aws:%s/%s:%s", module, member, member))
	for token := range members {
		if strings.ToLower(token) == want {
			return token
		}
	}
	return ""
}

// pascal turns snake_case into PascalCase.
func pascal(name string) string {
	var result strings.Builder
	for part := range strings.SplitSeq(name, "_") {
		for i, letter := range part {
			if i == 0 {
				letter = unicode.ToUpper(letter)
			}
			result.WriteRune(letter)
		}
	}
	return result.String()
}
