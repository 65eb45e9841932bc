package types

// Types of S3.
const (
	Bucket                  = "aws:s3/bucketV2:BucketV2"
	BucketEncryption        = "aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2"
	BucketPolicy            = "aws:s3/bucketPolicy:BucketPolicy"
	BucketPublicAccessBlock = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	BucketReplication       = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
	BucketVersioning        = "aws:s3/bucketVersioningV2:BucketVersioningV2"
)

var s3Types = []Type{
	{
		Token: Bucket, Name: generated("bucket", 63, `^[a-z0-9][a-z0-9-]*[a-z0-9]$`), Replacement: newName, Cost: modelled, HoldsData: true,
		Label: Label{"S3 bucket", "S3 buckets"},
	},
	{Token: BucketEncryption, Name: noName, Replacement: otherTarget, Cost: free, NothingAtRest: "judged with its bucket"},
	{Token: BucketPolicy, Name: noName, Replacement: otherTarget, Cost: free, Policy: "policy"},
	{Token: BucketPublicAccessBlock, Name: noName, Replacement: otherTarget, Cost: free},
	{Token: BucketReplication, Name: noName, Replacement: otherTarget, Cost: modelled, NothingAtRest: "judged with the bucket of the copies"},
	{Token: BucketVersioning, Name: noName, Replacement: otherTarget, Cost: free},
	{Token: "aws:s3/bucketCorsConfigurationV2:BucketCorsConfigurationV2", Name: noName, Replacement: otherTarget, Cost: free},
	{Token: "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2", Name: noName, Replacement: otherTarget, Cost: free},
	{Token: "aws:s3/bucketLoggingV2:BucketLoggingV2", Name: noName, Replacement: otherTarget, Cost: free},
	{Token: "aws:s3/bucketOwnershipControls:BucketOwnershipControls", Name: noName, Replacement: otherTarget, Cost: free},
}
