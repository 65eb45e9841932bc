package preflight

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/didomi/serverless-api/ops/graph"
)

// copiesRegion checks that the account has enabled the region of the copies: calls to another one fail with an error
// about credentials.
// https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeRegions.html
func copiesRegion(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	region := g.CopiesRegion()
	if region == "" {
		return nil, nil
	}
	// Without a list of names, which AWS rejects where it knows one of them not.
	list, err := a.ec2.DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(true)})
	if err != nil {
		return nil, fmt.Errorf("list the regions: %w", err)
	}
	what := "AWS has no region " + region
	for _, r := range list.Regions {
		if aws.ToString(r.RegionName) != region {
			continue
		}
		if aws.ToString(r.OptInStatus) != "not-opted-in" {
			return nil, nil
		}
		what = "the account has not enabled the region of the copies, " + region
	}
	return []Finding{{What: what, Do: "enable it (aws account enable-region), or set <project>:data copies.region to another one"}}, nil
}
