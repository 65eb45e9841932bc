package preflight

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/backup"
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

// copiesOptIn checks that AWS Backup takes snapshots of Aurora clusters in the stack's region: without the opt-in a plan
// takes none, and reports no error. An account's first vault opts in to every type, so an account that has none needs
// nothing.
// https://docs.aws.amazon.com/aws-backup/latest/devguide/assigning-resources.html
func copiesOptIn(ctx context.Context, a *account, g *graph.Graph) ([]Finding, error) {
	if g.CopiesRegion() == "" {
		return nil, nil
	}
	settings, err := a.backup.DescribeRegionSettings(ctx, &backup.DescribeRegionSettingsInput{})
	if err != nil {
		return nil, fmt.Errorf("read the settings of AWS Backup: %w", err)
	}
	if on, chosen := settings.ResourceTypeOptInPreference["Aurora"]; on || !chosen {
		return nil, nil
	}
	return []Finding{{
		State: Warning, What: "AWS Backup is not opted in to Aurora in " + a.region + ": it takes no snapshot of the database that it could copy",
		Do: "aws backup update-region-settings --resource-type-opt-in-preference Aurora=true --region " + a.region,
	}}, nil
}
