package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/config"
	"github.com/didomi/serverless-api/internal/mocks"
)

// taken are types of which AWS has one for a target, or one of a name that the program fixes: a new one
// beside the old is refused, or the old one's deletion takes the new one away. All must be deleted before
// they are replaced.
var taken = map[string]string{
	"aws:apigateway/usagePlanKey:UsagePlanKey":      "a key has one usage plan for each stage (API Gateway developer guide, usage plans)",
	"aws:wafv2/webAclAssociation:WebAclAssociation": "a stage has one web ACL, which DisassociateWebACL takes away whichever it is (pulumi/pulumi-aws#4782)",
	"aws:rds/proxyTarget:ProxyTarget":               "a proxy has one target (Aurora user guide, RDS Proxy: limitations)",
	"aws:rds/proxy:Proxy":                           "its name is fixed, for its log group's",
	"aws:rds/cluster:Cluster":                       "its identifier is fixed, for its log group's",
	"aws:cloudwatch/compositeAlarm:CompositeAlarm":  "its name is fixed, and it is replaced once its actions were disabled by hand (actions_enabled forces a new one)",
	"aws:ec2/flowLog:FlowLog":                       "a VPC has one flow log into a log group (EC2 API reference, FlowLogAlreadyExists)",
}

// free are the types of which two can be there at a time, by the reason.
var free = map[string][]string{
	"its name is generated, and nothing takes only one of it": {
		"aws:apigateway/apiKey:ApiKey", "aws:apigateway/restApi:RestApi", "aws:apigateway/usagePlan:UsagePlan",
		"aws:apigateway/deployment:Deployment",
		"aws:cloudwatch/logMetricFilter:LogMetricFilter", "aws:cloudwatch/metricAlarm:MetricAlarm",
		"aws:ec2/securityGroup:SecurityGroup", "aws:elasticache/parameterGroup:ParameterGroup",
		"aws:elasticache/replicationGroup:ReplicationGroup", "aws:elasticache/subnetGroup:SubnetGroup",
		"aws:iam/policy:Policy", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:iam/user:User",
		"aws:iam/userPolicy:UserPolicy", "aws:kms/key:Key", "aws:lambda/function:Function",
		"aws:lambda/permission:Permission", "aws:rds/clusterInstance:ClusterInstance", "aws:rds/clusterParameterGroup:ClusterParameterGroup",
		"aws:rds/parameterGroup:ParameterGroup", "aws:rds/subnetGroup:SubnetGroup", "aws:route53/zone:Zone",
		"aws:s3/bucketV2:BucketV2", "aws:secretsmanager/secret:Secret", "aws:sns/topic:Topic", "aws:wafv2/webAcl:WebAcl",
		"aws:acm/certificate:Certificate",
	},
	"the provider deletes it before it is replaced where its name is fixed, since Pulumi would have generated it": {
		"aws:cloudwatch/logGroup:LogGroup", "aws:cloudwatch/dashboard:Dashboard", "aws:elasticache/user:User",
		"aws:elasticache/userGroup:UserGroup", "aws:kms/alias:Alias",
	},
	"it is replaced for another target alone, whose place is free": {
		"aws:apigateway/basePathMapping:BasePathMapping", "aws:apigateway/domainName:DomainName",
		"aws:apigateway/methodSettings:MethodSettings", "aws:apigateway/stage:Stage", "aws:appautoscaling/policy:Policy",
		"aws:appautoscaling/target:Target", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "aws:ec2/vpcEndpoint:VpcEndpoint",
		"aws:cloudwatch/logResourcePolicy:LogResourcePolicy",
		"aws:iam/rolePolicyAttachment:RolePolicyAttachment", "aws:lambda/alias:Alias",
		"aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig",
		"aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup", "aws:route53/record:Record",
		"aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2", "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2",
		"aws:s3/bucketLoggingV2:BucketLoggingV2", "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
		"aws:s3/bucketPolicy:BucketPolicy", "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
		"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2",
		"aws:s3/bucketVersioningV2:BucketVersioningV2", "aws:secretsmanager/secretRotation:SecretRotation",
		"aws:sns/topicPolicy:TopicPolicy", "aws:sns/topicSubscription:TopicSubscription",
		"aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
		"aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration",
	},
	"nothing of it is replaced: the account has one for each region": {"aws:apigateway/account:Account"},
	"AWS has no such object":                                     {"aws:acm/certificateValidation:CertificateValidation", "aws:lambda/invocation:Invocation"},
	"the real awsx makes its children, whose options are awsx's": {"awsx:ec2:Vpc"},
}

// everything is a stack's configuration with what no stack has from the start.
func everything(t *testing.T, stack string) config.Values {
	t.Helper()
	values := stackValues(t, "Pulumi."+stack+".yaml")
	for key, more := range map[string]map[string]any{
		"didomi:dns": {"delegated": true},
		"didomi:api": {"alarmEmails": []string{"ops@example.com"}, "requireApiKey": true, "provisionedConcurrency": 2, "provisionedMax": 4},
	} {
		object := map[string]any{}
		if err := json.Unmarshal([]byte(values[key]), &object); err != nil {
			t.Fatal(err)
		}
		maps.Copy(object, more)
		text, err := json.Marshal(object)
		if err != nil {
			t.Fatal(err)
		}
		values[key] = string(text)
	}
	return values
}

func TestWhatATargetTakesOneOfIsDeletedBeforeItIsReplaced(t *testing.T) {
	known := slices.Concat(slices.Collect(maps.Values(free))...)
	met := map[string]bool{}
	for _, stack := range []string{"dev", "prod"} {
		r, err := mocks.Mocks{Config: everything(t, stack), Preview: true, Outputs: mocks.KnownSecrets}.Try(program())
		if err != nil {
			t.Fatal(err)
		}
		for _, res := range r.All() {
			met[res.Type] = true
			why, one := taken[res.Type]
			switch {
			case one && !res.Options.DeleteBeforeReplace:
				t.Errorf("%s %s of %s is made beside the old one, and %s: give it pulumi.DeleteBeforeReplace(true)", res.Type, res.Name, stack, why)
			case !one && !slices.Contains(known, res.Type) && strings.HasPrefix(res.Type, "aws"):
				t.Errorf("%s is new here: can there be two at once while one is replaced? Say so in taken or free", res.Type)
			}
		}
	}
	for _, token := range slices.Concat(slices.Collect(maps.Keys(taken)), known) {
		if !met[token] {
			t.Errorf("no stack has a %s any more: take it out of the list", token)
		}
	}
}
