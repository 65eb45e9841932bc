package status

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	acmtypes "github.com/aws/aws-sdk-go-v2/service/acm/types"
	"github.com/aws/aws-sdk-go-v2/service/rds"

	"github.com/didomi/serverless-api/ops/deployed"
	"github.com/didomi/serverless-api/ops/types"
)

// renewed is the number of days before its end at which AWS has renewed a certificate unless the renewal fails: ACM begins
// 60 days before the end and retries.
// https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html
const renewed = 30

// certificates lists how long the API's certificates and those of the database's instances are valid.
func certificates(ctx context.Context, s *stack) ([]Item, error) {
	var items []Item
	for _, r := range s.graph.ByType(types.Certificate) {
		found, err := s.acm.DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &r.ID})
		if err != nil {
			return items, deployed.Failed(err, "read the certificate "+r.ID, "acm:DescribeCertificate")
		}
		items = append(items, s.certificate(found.Certificate))
	}
	for _, r := range s.graph.ByType(types.ClusterInstance) {
		found, err := s.rds.DescribeDBInstances(ctx, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &r.ID})
		if err != nil {
			return items, deployed.Failed(err, "read the instance "+r.ID, "rds:DescribeDBInstances")
		}
		for _, i := range found.DBInstances {
			if i.CertificateDetails != nil && i.CertificateDetails.ValidTill != nil {
				items = append(items, s.valid("database "+r.ID, *i.CertificateDetails.ValidTill, "RDS renews it by itself: see the instance's pending maintenance"))
			}
		}
	}
	return items, nil
}

// certificate is the item of a certificate of ACM. One that waits for its validation has no end yet.
func (s *stack) certificate(c *acmtypes.CertificateDetail) Item {
	name := aws.ToString(c.DomainName)
	if c.Status != acmtypes.CertificateStatusIssued || c.NotAfter == nil {
		return Item{
			Name: name, State: Warning, What: fmt.Sprintf("it is %s, so the API has no custom domain", c.Status),
			Do: "docs/how-to/delegate-a-domain.md",
		}
	}
	return s.valid(name, *c.NotAfter, "ACM has not renewed it: its validation record must exist in the public zone (docs/how-to/delegate-a-domain.md)")
}

func (s *stack) valid(name string, until time.Time, do string) Item {
	item := Item{Name: name, State: OK, What: fmt.Sprintf("valid until %s, %d days", until.UTC().Format(time.DateOnly), s.daysTo(until))}
	if s.daysTo(until) < renewed {
		item.State, item.Do = Warning, do
	}
	return item
}
