package account

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// Location is where a stack is deployed, as ARNs name it.
type Location struct{ Partition, Region, Account string }

// Locate looks the location up with the provider of the parent.
func Locate(ctx *pulumi.Context, parent pulumi.Resource) (Location, error) {
	caller, err := aws.GetCallerIdentity(ctx, &aws.GetCallerIdentityArgs{}, pulumi.Parent(parent))
	if err != nil {
		return Location{}, fmt.Errorf("look up the account: %w", err)
	}
	region, err := aws.GetRegion(ctx, &aws.GetRegionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return Location{}, fmt.Errorf("look up the region: %w", err)
	}
	partition, err := aws.GetPartition(ctx, &aws.GetPartitionArgs{}, pulumi.Parent(parent))
	if err != nil {
		return Location{}, fmt.Errorf("look up the partition: %w", err)
	}
	return Location{Partition: partition.Partition, Region: region.Name, Account: caller.AccountId}, nil
}

// ARN is the ARN of a resource of this account in this region.
func (l Location) ARN(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:%s:%s:%s", l.Partition, service, l.Region, l.Account, resource)
}

// GlobalARN is the ARN of a resource of this account that belongs to no region, as those of IAM.
func (l Location) GlobalARN(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s::%s:%s", l.Partition, service, l.Account, resource)
}

// UnownedARN is the ARN of a resource that names neither region nor account, as a bucket's.
func (l Location) UnownedARN(service, resource string) string {
	return fmt.Sprintf("arn:%s:%s:::%s", l.Partition, service, resource)
}
