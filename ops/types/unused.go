package types

import "slices"

// unusedTypes are types that the program does not create. Some hold data or can be public, so that their first use is
// judged: such a row may lack the required columns. Fill them in when you create the type. Others are those of a queue
// with a worker (docs/how-to/add-a-queue-with-a-worker.md), complete, so that the first one changes nothing here.
// A row may stay here once its type is created.
var unusedTypes = []Type{
	{Token: "aws:ec2/instance:Instance", PublicSwitch: "associatePublicIpAddress"},
	{Token: "aws:lambda/eventSourceMapping:EventSourceMapping", Name: noName, Replacement: otherTarget, Cost: free},
	{Token: "aws:lambda/layerVersionPermission:LayerVersionPermission", Policy: "policy"},
	{Token: "aws:rds/instance:Instance", HoldsData: true, PublicSwitch: "publiclyAccessible"},
	{Token: "aws:s3/bucket:Bucket", HoldsData: true},
	{Token: "aws:secretsmanager/secretPolicy:SecretPolicy", Policy: "policy"},
	{
		// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
		Token: "aws:sqs/queue:Queue", Name: generated("name", 80, wordDash), Replacement: newName, Cost: free,
		KeyAtRest: "kmsMasterKeyId", Label: Label{"queue", "queues"},
	},
	{Token: "aws:sqs/queuePolicy:QueuePolicy", Policy: "policy"},
}

// Optional is whether the row is kept although no stack creates the type.
func Optional(token string) bool {
	return slices.ContainsFunc(unusedTypes, func(t Type) bool { return t.Token == token })
}
