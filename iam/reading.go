package iam

import (
	"slices"

	"github.com/didomi/serverless-api/internal/policy"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// looking is what a preview asks AWS for: it compares the program with the state, not with the
// account, and looks up no more than where it is, the subnets that the stack has and, if one is configured,
// the existing zone.
func (s site) looking() rights {
	return rights{"reading", []policy.Statement{
		{
			Sid: "Lists",
			Actions: []string{
				"ec2:DescribeAvailabilityZones", "ec2:DescribeSubnets", "secretsmanager:GetRandomPassword",
				"sts:GetCallerIdentity",
			},
			Resources: policy.Anywhere,
		},
		{
			Sid:       "ExistingZone",
			Actions:   []string{"route53:GetHostedZone", "route53:ListTagsForResource"},
			Resources: []pulumi.StringInput{s.zones()},
		},
		s.readingLogRole(),
	}}
}

// readingLogRole reads whether API Gateway has a role to write logs with. The setting holds no secret.
func (s site) readingLogRole() policy.Statement {
	return policy.Statement{
		Sid: "LogRole", Actions: []string{"apigateway:GET"}, Resources: []pulumi.StringInput{s.gateway("/account")},
	}
}

// reading is what an update, a refresh or `ops preflight` asks AWS for. Secrets are described and never read.
func (s site) reading() rights {
	return rights{"reading", slices.Concat([]policy.Statement{listing(), s.readingNamed()}, s.readingGateway(),
		[]policy.Statement{s.readingBuckets(), s.readingIdentities(), s.checkingOwn()})}
}

// checkingOwn lets `ops preflight` simulate what the role may do, by its policies and boundary.
func (s site) checkingOwn() policy.Statement {
	return policy.Statement{
		Sid:       "OwnPermissions",
		Actions:   []string{"iam:SimulatePrincipalPolicy"},
		Resources: []pulumi.StringInput{s.global("iam", "role/"+s.name+"-deploy-*")},
	}
}

// listing is what AWS narrows to no resource, or what is asked before a name is known.
func listing() policy.Statement {
	return policy.Statement{
		Sid: "Lists",
		Actions: []string{
			"application-autoscaling:DescribeScalableTargets",
			"application-autoscaling:DescribeScalingPolicies", "application-autoscaling:ListTagsForResource",
			"cloudwatch:DescribeAlarms",
			"ec2:DescribeAddresses", "ec2:DescribeAddressesAttribute", "ec2:DescribeAvailabilityZones",
			"ec2:DescribeFlowLogs", "ec2:DescribeInternetGateways",
			"ec2:DescribeNatGateways", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces",
			"ec2:DescribePrefixLists", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroupRules",
			"ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcAttribute",
			"ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs",
			"elasticache:DescribeCacheClusters", "elasticache:DescribeCacheEngineVersions",
			"elasticache:DescribeCacheParameterGroups", "elasticache:DescribeCacheParameters",
			"elasticache:DescribeCacheSubnetGroups", "elasticache:DescribeReplicationGroups",
			"elasticache:DescribeReservedCacheNodesOfferings", "elasticache:DescribeUserGroups",
			"elasticache:DescribeUsers", "elasticache:ListTagsForResource", "iam:GetAccountSummary",
			"kms:ListAliases", "lambda:GetAccountSettings", "logs:DescribeLogGroups", "logs:DescribeMetricFilters",
			"rds:DescribeAccountAttributes", "rds:DescribeDBClusterParameterGroups", "rds:DescribeDBClusterParameters",
			"rds:DescribeDBClusters", "rds:DescribeDBEngineVersions", "rds:DescribeDBInstances",
			"rds:DescribeDBParameterGroups", "rds:DescribeDBParameters",
			"rds:DescribeDBProxies", "rds:DescribeDBProxyTargetGroups",
			"rds:DescribeDBProxyTargets", "rds:DescribeDBSubnetGroups", "rds:DescribeGlobalClusters",
			"rds:DescribeOrderableDBInstanceOptions", "rds:ListTagsForResource", "route53:GetChange",
			"secretsmanager:GetRandomPassword", "servicequotas:GetAWSDefaultServiceQuota",
			"servicequotas:GetServiceQuota", "sns:GetSubscriptionAttributes", "sts:GetCallerIdentity",
		},
		Resources: policy.Anywhere,
	}
}

// readingNamed is about what can be told by its ARN.
func (s site) readingNamed() policy.Statement {
	return policy.Statement{
		Sid: "Named",
		Actions: []string{
			"acm:DescribeCertificate", "acm:ListTagsForCertificate",
			"cloudwatch:GetDashboard", "cloudwatch:ListTagsForResource",
			"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags",
			"lambda:GetAlias", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig",
			"lambda:GetPolicy", "lambda:GetProvisionedConcurrencyConfig",
			"lambda:ListTags", "lambda:ListVersionsByFunction", "logs:ListTagsForResource",
			"route53:GetHostedZone", "route53:ListResourceRecordSets", "route53:ListTagsForResource",
			"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy",
			"sns:GetTopicAttributes", "sns:ListTagsForResource",
			"wafv2:GetWebACL", "wafv2:GetWebACLForResource", "wafv2:ListTagsForResource",
		},
		Resources: s.named(),
	}
}

// readingGateway is about API Gateway. A key's value stands in what tells of a key or of a plan's keys,
// so those are the stack's own. The rest holds no secret, and is told to be gone when it is gone: of
// what is not there AWS knows no tag. Of domain names, APIs and plans the lists are read too, for their
// number; the list of API keys is not, for it would tell the values of all stacks' keys.
func (s site) readingGateway() []policy.Statement {
	return []policy.Statement{
		{
			Sid:     "API",
			Actions: []string{"apigateway:GET"},
			Resources: []pulumi.StringInput{
				s.gateway("/account"), s.gateway("/domainnames"), s.gateway("/domainnames/*"),
				s.gateway("/restapis"), s.gateway("/restapis/*"), s.gateway("/usageplans"),
			},
		},
		{
			Sid:       "APIKeys",
			Actions:   []string{"apigateway:GET"},
			Resources: []pulumi.StringInput{s.gateway("/apikeys/*"), s.gateway("/usageplans/*")},
			Condition: s.tagged(),
		},
	}
}

// readingBuckets is about how buckets are set up.
func (s site) readingBuckets() policy.Statement {
	return policy.Statement{
		Sid: "Bucket",
		Actions: []string{
			"s3:GetAccelerateConfiguration", "s3:GetBucketAcl", "s3:GetBucketCORS", "s3:GetBucketLogging",
			"s3:GetBucketObjectLockConfiguration", "s3:GetBucketOwnershipControls", "s3:GetBucketPolicy",
			"s3:GetBucketPublicAccessBlock", "s3:GetBucketRequestPayment", "s3:GetBucketTagging",
			"s3:GetBucketVersioning", "s3:GetBucketWebsite", "s3:GetEncryptionConfiguration",
			"s3:GetLifecycleConfiguration", "s3:GetReplicationConfiguration", "s3:ListBucket",
			"s3:ListTagsForResource",
		},
		Resources: s.buckets(),
	}
}

// readingIdentities is about the stack's roles, and this room's.
func (s site) readingIdentities() policy.Statement {
	return policy.Statement{
		Sid: "Identities",
		Actions: []string{
			"iam:GetOpenIDConnectProvider", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole",
			"iam:GetRolePolicy", "iam:GetUser", "iam:GetUserPolicy",
			"iam:ListAttachedRolePolicies", "iam:ListInstanceProfilesForRole",
			"iam:ListRolePolicies",
		},
		Resources: append(s.own(), s.global("iam", "role/"+s.prefix+"-*")),
	}
}

// readingKeySecret is about the secret that the CI user's key is in, not about the key.
func (s site) readingKeySecret() []policy.Statement {
	if s.config.OIDC != oidcOff {
		return nil
	}
	return []policy.Statement{{
		Sid:       "KeySecret",
		Actions:   []string{"secretsmanager:DescribeSecret", "secretsmanager:GetResourcePolicy"},
		Resources: []pulumi.StringInput{s.arn("secretsmanager", "secret:"+s.name+keySecret+"-*")},
	}}
}

// named are the resources whose ARN tells the stack or at least the kind.
func (s site) named() []pulumi.StringInput {
	return slices.Concat(s.logGroups(),
		s.names("cloudwatch", "alarm:", roomAPI), s.names("lambda", "function:", roomAPI),
		s.names("secretsmanager", "secret:", roomData), s.names("sns", "", roomAPI),
		s.names("wafv2", "regional/webacl/", roomAPI),
		[]pulumi.StringInput{
			s.arn("acm", "certificate/*"), s.global("cloudwatch", "dashboard/"+s.prefix+"-"+roomAPI),
			s.arn("kms", "key/*"), s.arn("logs", "log-group:API-Gateway-Execution-Logs_*"),
			s.gateway("/restapis/*"), s.zones(),
		})
}

// zones are the account's hosted zones, whose ids AWS makes up.
func (s site) zones() pulumi.StringInput {
	return pulumi.String("arn:" + s.Partition + ":route53:::hostedzone/*")
}
