package types

// unusedTypes are types that the program does not create and that hold data or can be public, so that their first use
// is judged. Such a row has no required columns: fill them in, in the service's file, when you create the type.
var unusedTypes = []Type{
	{Token: "aws:ec2/instance:Instance", PublicSwitch: "associatePublicIpAddress"},
	{Token: "aws:lambda/layerVersionPermission:LayerVersionPermission", Policy: "policy"},
	{Token: "aws:rds/instance:Instance", HoldsData: true, PublicSwitch: "publiclyAccessible"},
	{Token: "aws:s3/bucket:Bucket", HoldsData: true},
	{Token: "aws:secretsmanager/secretPolicy:SecretPolicy", Policy: "policy"},
	{Token: "aws:sqs/queue:Queue", KeyAtRest: "kmsMasterKeyId"},
	{Token: "aws:sqs/queuePolicy:QueuePolicy", Policy: "policy"},
}
