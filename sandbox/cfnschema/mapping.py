"""Which CloudFormation type a Pulumi type is, and the properties whose names differ by more than case."""

# A source is the path of an input; a target the property's name or, from the resource on, its path. None:
# CloudFormation has no such property, for the reason that the comment gives.
TYPES = {
    "aws:acm/certificate:Certificate": ("AWS::CertificateManager::Certificate", {"options": None}),  # transparency
    "aws:apigateway/apiKey:ApiKey": ("AWS::ApiGateway::ApiKey", {}),
    "aws:apigateway/basePathMapping:BasePathMapping": ("AWS::ApiGateway::BasePathMapping", {"restApi": "RestApiId", "stageName": "Stage"}),
    "aws:apigateway/domainName:DomainName": ("AWS::ApiGateway::DomainName", {}),
    "aws:apigateway/stage:Stage": ("AWS::ApiGateway::Stage", {
        "accessLogSettings": "AccessLogSetting", "restApi": "RestApiId", "deployment": "DeploymentId", "xrayTracingEnabled": "TracingEnabled",
    }),
    "aws:apigateway/usagePlan:UsagePlan": ("AWS::ApiGateway::UsagePlan", {
        "name": "UsagePlanName", "quotaSettings": "Quota", "throttleSettings": "Throttle", "apiStages.throttles": None,  # a list there, a map here
    }),
    "aws:appautoscaling/policy:Policy": ("AWS::ApplicationAutoScaling::ScalingPolicy", {"name": "PolicyName"}),
    "aws:appautoscaling/target:Target": ("AWS::ApplicationAutoScaling::ScalableTarget", {}),
    "aws:backup/plan:Plan": ("AWS::Backup::BackupPlan", {
        "name": "BackupPlan.BackupPlanName", "rules": "BackupPlan.BackupPlanRule", "rules.targetVaultName": "TargetBackupVault",
        "rules.schedule": "ScheduleExpression", "rules.startWindow": "StartWindowMinutes", "rules.completionWindow": "CompletionWindowMinutes",
        "rules.lifecycle.deleteAfter": "DeleteAfterDays", "rules.copyActions.destinationVaultArn": "DestinationBackupVaultArn",
        "rules.copyActions.lifecycle.deleteAfter": "DeleteAfterDays",
    }),
    "aws:backup/selection:Selection": ("AWS::Backup::BackupSelection", {
        "planId": "BackupPlanId", "name": "BackupSelection.SelectionName", "iamRoleArn": "BackupSelection.IamRoleArn", "resources": "BackupSelection.Resources",
    }),
    "aws:backup/vault:Vault": ("AWS::Backup::BackupVault", {"name": "BackupVaultName", "kmsKeyArn": "EncryptionKeyArn", "forceDestroy": None}),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": ("AWS::Backup::BackupVault", {
        "backupVaultName": "BackupVaultName", "changeableForDays": "LockConfiguration.ChangeableForDays",
        "minRetentionDays": "LockConfiguration.MinRetentionDays", "maxRetentionDays": "LockConfiguration.MaxRetentionDays",
    }),
    "aws:cloudwatch/compositeAlarm:CompositeAlarm": ("AWS::CloudWatch::CompositeAlarm", {"actionsSuppressor": None}),  # three properties there, one object here
    "aws:cloudwatch/dashboard:Dashboard": ("AWS::CloudWatch::Dashboard", {}),
    "aws:cloudwatch/logGroup:LogGroup": ("AWS::Logs::LogGroup", {"name": "LogGroupName", "skipDestroy": None}),  # the provider's own
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": ("AWS::Logs::MetricFilter", {
        "name": "FilterName", "pattern": "FilterPattern", "metricTransformation": "MetricTransformations",
        "metricTransformation.name": "MetricName", "metricTransformation.namespace": "MetricNamespace", "metricTransformation.value": "MetricValue",
    }),
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy": ("AWS::Logs::ResourcePolicy", {}),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("AWS::CloudWatch::Alarm", {
        "name": "AlarmName", "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile", "metricQueries": "Metrics",
        "metricQueries.metric": "MetricStat", "metricQueries.metric.metricName": "Metric.MetricName", "metricQueries.metric.namespace": "Metric.Namespace",
        "metricQueries.metric.dimensions": "Metric.Dimensions",
    }),
    "aws:ec2/eip:Eip": ("AWS::EC2::EIP", {}),
    "aws:ec2/flowLog:FlowLog": ("AWS::EC2::FlowLog", {"iamRoleArn": "DeliverLogsPermissionArn", "vpcId": "ResourceId"}),
    "aws:ec2/natGateway:NatGateway": ("AWS::EC2::NatGateway", {}),
    "aws:ec2/securityGroup:SecurityGroup": ("AWS::EC2::SecurityGroup", {"description": "GroupDescription", "name": "GroupName", "revokeRulesOnDelete": None}),
    "aws:ec2/subnet:Subnet": ("AWS::EC2::Subnet", {"enableResourceNameDnsARecordOnLaunch": None, "enableResourceNameDnsAaaaRecordOnLaunch": None}),
    "aws:ec2/vpc:Vpc": ("AWS::EC2::VPC", {}),
    "aws:ec2/vpcEndpoint:VpcEndpoint": ("AWS::EC2::VPCEndpoint", {"policy": "PolicyDocument", "autoAccept": None}),
    "aws:elasticache/parameterGroup:ParameterGroup": ("AWS::ElastiCache::ParameterGroup", {
        "family": "CacheParameterGroupFamily", "name": "CacheParameterGroupName", "parameters": "Properties",
    }),
    "aws:elasticache/replicationGroup:ReplicationGroup": ("AWS::ElastiCache::ReplicationGroup", {
        "description": "ReplicationGroupDescription", "nodeType": "CacheNodeType", "parameterGroupName": "CacheParameterGroupName",
        "subnetGroupName": "CacheSubnetGroupName", "maintenanceWindow": "PreferredMaintenanceWindow", "applyImmediately": None,  # an update's
        "logDeliveryConfigurations.destination": "DestinationDetails.CloudWatchLogsDetails.LogGroup",
    }),
    "aws:elasticache/user:User": ("AWS::ElastiCache::User", {}),
    "aws:elasticache/userGroup:UserGroup": ("AWS::ElastiCache::UserGroup", {}),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ("AWS::IAM::OIDCProvider", {
        "clientIdLists": "ClientIdList", "thumbprintLists": "ThumbprintList",
    }),
    "aws:iam/policy:Policy": ("AWS::IAM::ManagedPolicy", {"name": "ManagedPolicyName", "policy": "PolicyDocument"}),
    "aws:iam/role:Role": ("AWS::IAM::Role", {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument", "forceDetachPolicies": None}),
    "aws:iam/user:User": ("AWS::IAM::User", {"name": "UserName", "forceDestroy": None}),
    "aws:kms/alias:Alias": ("AWS::KMS::Alias", {"name": "AliasName"}),
    "aws:kms/key:Key": ("AWS::KMS::Key", {
        "deletionWindowInDays": "PendingWindowInDays", "policy": "KeyPolicy", "isEnabled": "Enabled", "customerMasterKeySpec": "KeySpec",
        "bypassPolicyLockoutSafetyCheck": None,
    }),
    "aws:lambda/alias:Alias": ("AWS::Lambda::Alias", {"routingConfig": None}),  # the rollout's
    "aws:lambda/eventSourceMapping:EventSourceMapping": ("AWS::Lambda::EventSourceMapping", {}),
    "aws:lambda/function:Function": ("AWS::Lambda::Function", {
        "name": "FunctionName", "code": None, "sourceCodeHash": None, "publish": None, "skipDestroy": None,
        "replaceSecurityGroupsOnDestroy": None,  # the provider's own
    }),
    "aws:lambda/permission:Permission": ("AWS::Lambda::Permission", {"function": "FunctionName", "qualifier": None, "statementId": None}),
    "aws:rds/cluster:Cluster": ("AWS::RDS::DBCluster", {
        "clusterIdentifier": "DBClusterIdentifier", "enabledCloudwatchLogsExports": "EnableCloudwatchLogsExports",
        "iamDatabaseAuthenticationEnabled": "EnableIAMDatabaseAuthentication", "masterUserSecretKmsKeyId": "MasterUserSecret.KmsKeyId",
        "allowMajorVersionUpgrade": None, "applyImmediately": None, "finalSnapshotIdentifier": None, "skipFinalSnapshot": None,  # an update's, a deletion's
    }),
    "aws:rds/clusterInstance:ClusterInstance": ("AWS::RDS::DBInstance", {
        "clusterIdentifier": "DBClusterIdentifier", "instanceClass": "DBInstanceClass", "identifierPrefix": "DBInstanceIdentifier",
        "identifier": "DBInstanceIdentifier", "performanceInsightsEnabled": "EnablePerformanceInsights", "forceDestroy": None,
    }),
    "aws:rds/clusterParameterGroup:ClusterParameterGroup": ("AWS::RDS::DBClusterParameterGroup", {"name": "DBClusterParameterGroupName"}),
    "aws:rds/parameterGroup:ParameterGroup": ("AWS::RDS::DBParameterGroup", {"name": "DBParameterGroupName", "skipDestroy": None}),
    "aws:rds/proxy:Proxy": ("AWS::RDS::DBProxy", {"auths": "Auth", "name": "DBProxyName"}),
    "aws:rds/proxyDefaultTargetGroup:ProxyDefaultTargetGroup": ("AWS::RDS::DBProxyTargetGroup", {"connectionPoolConfig": "ConnectionPoolConfigurationInfo"}),
    "aws:rds/subnetGroup:SubnetGroup": ("AWS::RDS::DBSubnetGroup", {"description": "DBSubnetGroupDescription", "name": "DBSubnetGroupName"}),
    "aws:route53/record:Record": ("AWS::Route53::RecordSet", {
        "zoneId": "HostedZoneId", "records": "ResourceRecords", "aliases": None, "allowOverwrite": None,  # the provider's own
    }),
    "aws:route53/zone:Zone": ("AWS::Route53::HostedZone", {"comment": "HostedZoneConfig.Comment", "forceDestroy": None}),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": ("AWS::S3::Bucket", {"bucket": "BucketName", "rule": "OwnershipControls.Rules"}),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": ("AWS::S3::Bucket", {
        "bucket": "BucketName", "blockPublicAcls": "PublicAccessBlockConfiguration.BlockPublicAcls", "skipDestroy": None,
        "blockPublicPolicy": "PublicAccessBlockConfiguration.BlockPublicPolicy", "ignorePublicAcls": "PublicAccessBlockConfiguration.IgnorePublicAcls",
        "restrictPublicBuckets": "PublicAccessBlockConfiguration.RestrictPublicBuckets",
    }),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": ("AWS::S3::Bucket", {
        "bucket": "BucketName", "role": "ReplicationConfiguration.Role", "rules": "ReplicationConfiguration.Rules",
    }),
    "aws:s3/bucketV2:BucketV2": ("AWS::S3::Bucket", {"bucket": "BucketName", "forceDestroy": None}),
    "aws:s3/bucketVersioningV2:BucketVersioningV2": ("AWS::S3::Bucket", {"bucket": "BucketName"}),
    "aws:secretsmanager/secret:Secret": ("AWS::SecretsManager::Secret", {
        "recoveryWindowInDays": None, "forceOverwriteReplicaSecret": None,  # a deletion's, the provider's own
    }),
    "aws:secretsmanager/secretRotation:SecretRotation": ("AWS::SecretsManager::RotationSchedule", {
        "rotateImmediately": "RotateImmediatelyOnUpdate", "rotationLambdaArn": "RotationLambdaARN",
    }),
    "aws:sns/topic:Topic": ("AWS::SNS::Topic", {"name": "TopicName", "fifoTopic": None}),
    "aws:sns/topicSubscription:TopicSubscription": ("AWS::SNS::Subscription", {
        "topic": "TopicArn", "confirmationTimeoutInMinutes": None, "endpointAutoConfirms": None,  # the provider's own
    }),
    "aws:sqs/queue:Queue": ("AWS::SQS::Queue", {
        "name": "QueueName", "maxMessageSize": "MaximumMessageSize", "messageRetentionSeconds": "MessageRetentionPeriod",
        "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds", "visibilityTimeoutSeconds": "VisibilityTimeout",
        "contentBasedDeduplication": None,  # only of a FIFO queue there, false in the provider
    }),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": ("AWS::EC2::SecurityGroupEgress", {
        "securityGroupId": "GroupId", "cidrIpv4": "CidrIp", "prefixListId": "DestinationPrefixListId", "referencedSecurityGroupId": "DestinationSecurityGroupId",
    }),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": ("AWS::EC2::SecurityGroupIngress", {
        "securityGroupId": "GroupId", "cidrIpv4": "CidrIp", "prefixListId": "SourcePrefixListId", "referencedSecurityGroupId": "SourceSecurityGroupId",
    }),
    "aws:wafv2/webAcl:WebAcl": ("AWS::WAFv2::WebACL", {}),
}

# Types that are not checked, with the reason.
LINK = "it only links resources by their ids and ARNs"
PART = "its values are those of the bucket, in a shape of the provider's own"
UNMAPPED = {
    "aws:acm/certificateValidation:CertificateValidation": "it waits, and makes nothing",
    "aws:apigateway/account:Account": LINK,
    "aws:apigateway/deployment:Deployment": LINK,
    "aws:apigateway/methodSettings:MethodSettings": "it is a part of the stage in CloudFormation, by method there and by path here",
    "aws:apigateway/restApi:RestApi": "its body is the OpenAPI document, which is no part of the schema",
    "aws:apigateway/usagePlanKey:UsagePlanKey": LINK,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": "CloudFormation has none",
    "aws:ec2/internetGateway:InternetGateway": "it has no inputs but tags",
    "aws:ec2/route:Route": LINK,
    "aws:ec2/routeTable:RouteTable": LINK,
    "aws:ec2/routeTableAssociation:RouteTableAssociation": LINK,
    "aws:elasticache/subnetGroup:SubnetGroup": LINK,
    "aws:iam/rolePolicy:RolePolicy": "its policy is checked against the Service Authorization Reference",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": LINK,
    "aws:iam/userPolicy:UserPolicy": "its policy is checked against the Service Authorization Reference",
    "aws:lambda/invocation:Invocation": "it is a call",
    "aws:lambda/provisionedConcurrencyConfig:ProvisionedConcurrencyConfig": "it is a part of the alias in CloudFormation",
    "aws:rds/proxyTarget:ProxyTarget": LINK,
    "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2": PART,
    "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2": PART,
    "aws:s3/bucketLoggingV2:BucketLoggingV2": PART,
    "aws:s3/bucketPolicy:BucketPolicy": LINK,
    "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": PART,
    "aws:sns/topicPolicy:TopicPolicy": LINK,
    "aws:wafv2/webAclAssociation:WebAclAssociation": LINK,
    "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": LINK,
}
