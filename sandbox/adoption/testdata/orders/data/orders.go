package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// newOrders registers the table of open orders and the queue of those to be shipped.
func (d *Data) newOrders(ctx *pulumi.Context, name string, args Args) error {
	_, err := dynamodb.NewTable(ctx, name+"-orders", &dynamodb.TableArgs{
		Attributes:           dynamodb.TableAttributeArray{dynamodb.TableAttributeArgs{Name: pulumi.String("id"), Type: pulumi.String("S")}},
		HashKey:              pulumi.String("id"),
		BillingMode:          pulumi.String("PAY_PER_REQUEST"),
		PointInTimeRecovery:  dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(true)},
		ServerSideEncryption: dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true), KmsKeyArn: args.DataKeyARN},
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("create the table of orders: %w", err)
	}
	if _, err := sqs.NewQueue(ctx, name+"-shipping", &sqs.QueueArgs{KmsMasterKeyId: args.DataKeyARN}, pulumi.Parent(d)); err != nil {
		return fmt.Errorf("create the queue of shipments: %w", err)
	}
	return nil
}
