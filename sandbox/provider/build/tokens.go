package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// prefixModules are the prefixes of upstream names that are not the SDK's module with underscores.
var prefixModules = map[string]string{"db": "rds"}

// resourceTokens are the resources that the rule of candidates does not find.
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

// functionTokens are the data sources that the rule of candidates does not find.
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

// tokens are tokens of the SDK by their lower case: upstream and the SDK capitalize differently.
type tokens map[string]string

func newTokens(names ...string) tokens {
	result := tokens{}
	for _, name := range names {
		result[strings.ToLower(name)] = name
	}
	return result
}

// member returns the token of "module/Name", "" if there is none.
func (t tokens) member(name string) string {
	module, member, _ := strings.Cut(name, "/")
	return t[strings.ToLower(fmt.Sprintf("aws:%s/%s:%s", module, member, member))]
}

// resource returns the token of an upstream resource, "" if there is none.
func (t tokens) resource(upstream string) string {
	if name, ok := resourceTokens[upstream]; ok {
		return t.member(name)
	}
	for _, candidate := range candidates(upstream, "") {
		// Upstream has one S3 bucket API, the SDK two generations of it.
		for _, suffix := range []string{"V2", ""} {
			if token := t.member(candidate + suffix); token != "" {
				return token
			}
		}
	}
	return ""
}

// function returns the token of an upstream data source, "" if there is none.
func (t tokens) function(upstream string) string {
	if name, ok := functionTokens[upstream]; ok {
		return t.member(name)
	}
	for _, candidate := range candidates(upstream, "get") {
		if token := t.member(candidate); token != "" {
			return token
		}
	}
	return ""
}

// candidates returns the possible names ("module/Name") of an upstream type such as "aws_ec2_vpc_endpoint" in the SDK, in
// the order of preference: that of the longest prefix that is a module first. A name without such a prefix is in ec2, or as
// a whole in the root module.
func candidates(upstream, verb string) []string {
	var found []string
	parts := nameParts(upstream)
	for n := len(parts) - 1; n > 0; n-- {
		found = append(found, module(parts[:n])+"/"+verb+pascal(parts[n:]))
	}
	return append(found, "ec2/"+verb+pascal(parts), "index/"+verb+pascal(parts))
}

// modulesOf returns the SDK's modules that may have an upstream type.
func modulesOf(upstream string) []string {
	modules := []string{"ec2", "index"}
	for _, exceptions := range []map[string]string{resourceTokens, functionTokens} {
		name, _, _ := strings.Cut(exceptions[upstream], "/")
		modules = append(modules, name)
	}
	parts := nameParts(upstream)
	for n := range parts {
		modules = append(modules, module(parts[:n]))
	}
	return slices.DeleteFunc(modules, func(name string) bool { return name == "" })
}

// module returns the SDK's module for the first parts of an upstream name.
func module(parts []string) string {
	name := strings.Join(parts, "")
	if known, ok := prefixModules[name]; ok {
		return known
	}
	return name
}

func nameParts(upstream string) []string {
	return strings.Split(strings.TrimPrefix(upstream, "aws_"), "_")
}

// pascal turns the parts of a name into PascalCase.
func pascal(parts []string) string {
	var result strings.Builder
	for _, part := range parts {
		for i, letter := range part {
			if i == 0 {
				letter = unicode.ToUpper(letter)
			}
			result.WriteRune(letter)
		}
	}
	return result.String()
}
