package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/bucket"
)

// preflightAge is how long a browser remembers what it may do, in seconds.
const preflightAge = 3600

// cors lets pages of the origins send files by the presigned requests that the API hands out, and follow
// its redirects to S3; without origins no page may. Each rule answers for itself and their order does not
// count: the provider keeps them as a set.
func (d *Data) cors(ctx *pulumi.Context, name string, origins []string, files *bucket.Bucket) error {
	if len(origins) == 0 {
		return nil
	}
	_, err := s3.NewBucketCorsConfigurationV2(ctx, name+"-files", &s3.BucketCorsConfigurationV2Args{
		Bucket: files.ID(),
		CorsRules: s3.BucketCorsConfigurationV2CorsRuleArray{
			// PUT sends a file or a part, POST puts the parts together, DELETE gives them up.
			corsRule("pages", origins, "GET", "HEAD", "PUT", "POST", "DELETE"),
			// A browser that follows the API's redirect to S3 has been at two foreign origins, and names the
			// page's as "null" from there on (Fetch standard, "redirect-tainted origin"), as a page of
			// anybody's can. Nothing is opened by letting all of them read: without a presigned URL S3
			// refuses whoever asks, and who has one needs no browser to use it.
			corsRule("redirected", []string{"*"}, "GET", "HEAD"),
		},
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("let pages reach the bucket of files: %w", err)
	}
	return nil
}

// corsRule takes whatever header a request is given, since what the API asks for travels along on a
// redirect (X-Api-Key, Range), and shows those of S3's that tell about the file and its parts.
func corsRule(id string, origins []string, methods ...string) s3.BucketCorsConfigurationV2CorsRuleArgs {
	return s3.BucketCorsConfigurationV2CorsRuleArgs{
		Id:             pulumi.String(id),
		AllowedOrigins: pulumi.ToStringArray(origins),
		AllowedMethods: pulumi.ToStringArray(methods),
		AllowedHeaders: pulumi.ToStringArray([]string{"*"}),
		ExposeHeaders:  pulumi.ToStringArray([]string{"ETag", "Content-Range", "Accept-Ranges"}),
		MaxAgeSeconds:  pulumi.Int(preflightAge),
	}
}
