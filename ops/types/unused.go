package types

// unusedTypes are those that the program does not create and that would be dangerous unnoticed: what holds
// data, or can be public. Such a row has no required columns; who creates the type moves it to its
// service's file and fills them in.
var unusedTypes = []Type{
	{Token: "aws:ec2/instance:Instance", PublicSwitch: "associatePublicIpAddress"},
	{Token: "aws:lambda/layerVersionPermission:LayerVersionPermission", Policy: "policy"},
	{Token: "aws:rds/instance:Instance", HoldsData: true, PublicSwitch: "publiclyAccessible"},
	{Token: "aws:s3/bucket:Bucket", HoldsData: true},
	{Token: "aws:secretsmanager/secretPolicy:SecretPolicy", Policy: "policy"},
	{Token: "aws:sqs/queue:Queue", KeyAtRest: "kmsMasterKeyId"},
	{Token: "aws:sqs/queuePolicy:QueuePolicy", Policy: "policy"},
}
