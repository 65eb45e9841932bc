package preflight

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/backup"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/elasticache"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas"
	"github.com/aws/aws-sdk-go-v2/service/servicequotas/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/graph"
)

// account is the account and region of the update, as the caller may read them.
type account struct {
	config                        aws.Config
	region, id, partition, caller string

	backup  *backup.Client
	gateway *apigateway.Client
	cache   *elasticache.Client
	ec2     *ec2.Client
	iam     *iam.Client
	lambda  *lambda.Client
	logs    *cloudwatchlogs.Client
	quotas  *servicequotas.Client
	rds     *rds.Client

	// attributes are RDS's own quotas, once read.
	attributes map[string]attribute
}

// open signs in with the environment's credentials, in the region of the stack's provider.
func open(ctx context.Context, g *graph.Graph) (*account, error) {
	c, err := deployed.Account(ctx, g)
	if err != nil {
		return nil, err
	}
	return newAccount(ctx, c)
}

func newAccount(ctx context.Context, c aws.Config) (*account, error) {
	identity, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return nil, fmt.Errorf("read the caller's identity: %w", err)
	}
	arn := aws.ToString(identity.Arn)
	parts := strings.Split(arn, ":")
	if len(parts) < 6 {
		return nil, fmt.Errorf("the caller's ARN is %q, which is no ARN", arn)
	}
	return &account{
		config: c, region: c.Region, id: aws.ToString(identity.Account), partition: parts[1], caller: arn,
		backup: backup.NewFromConfig(c), gateway: apigateway.NewFromConfig(c), cache: elasticache.NewFromConfig(c), ec2: ec2.NewFromConfig(c),
		iam: iam.NewFromConfig(c), lambda: lambda.NewFromConfig(c), logs: cloudwatchlogs.NewFromConfig(c),
		quotas: servicequotas.NewFromConfig(c), rds: rds.NewFromConfig(c),
	}, nil
}

// quota returns the value that AWS has applied to the account, else the default.
// https://docs.aws.amazon.com/servicequotas/2019-06-24/apireference/API_GetServiceQuota.html
func (a *account) quota(ctx context.Context, service, code string) (float64, error) {
	applied, err := a.quotas.GetServiceQuota(ctx, &servicequotas.GetServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
	if err == nil {
		return aws.ToFloat64(applied.Quota.Value), nil
	}
	var none *types.NoSuchResourceException
	if !errors.As(err, &none) {
		return 0, err
	}
	standard, err := a.quotas.GetAWSDefaultServiceQuota(ctx, &servicequotas.GetAWSDefaultServiceQuotaInput{ServiceCode: &service, QuotaCode: &code})
	if err != nil {
		return 0, err
	}
	return aws.ToFloat64(standard.Quota.Value), nil
}

// increase is how to request a quota of that value. Service Quotas has IAM's in us-east-1 alone.
// https://github.com/awsdocs/iam-user-guide/issues/190
func (a *account) increase(service, code string, value int) string {
	region := a.region
	if service == "iam" && a.partition == "aws" {
		region = "us-east-1"
	}
	return fmt.Sprintf("request %d: aws service-quotas request-service-quota-increase --region %s --service-code %s --quota-code %s --desired-value %d (console: Service Quotas, AWS services, %s, %s); or free some",
		value, region, service, code, value, service, code)
}
