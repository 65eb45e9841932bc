package data

import (
	"fmt"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"github.com/didomi/serverless-api/internal/bucket"
)

// preflightAge is how long a browser caches the response to a preflight request, in seconds.
const preflightAge = 3600

// cors allows pages of the origins to upload files with the API's presigned requests, and to follow its
// redirects to S3; without origins no page may. The rules are independent and their order does not matter:
// the provider keeps them as a set.
func (d *Data) cors(ctx *pulumi.Context, name string, origins []string, files *bucket.Bucket) error {
	if len(origins) == 0 {
		return nil
	}
	_, err := s3.NewBucketCorsConfigurationV2(ctx, name+"-files", &s3.BucketCorsConfigurationV2Args{
		Bucket: files.ID(),
		CorsRules: s3.BucketCorsConfigurationV2CorsRuleArray{
			// PUT uploads a file or a part, POST completes a multipart upload, DELETE aborts it.
			corsRule("pages", origins, "GET", "HEAD", "PUT", "POST", "DELETE"),
			// After the API's redirect to S3 the request has crossed two foreign origins, and the browser sends the
			// origin "null" (Fetch standard, "redirect-tainted origin"), as a page of any site can. Allowing
			// every origin to read grants no access: S3 denies a request without a presigned URL, and a client
			// that has one needs no browser.
			corsRule("redirected", []string{"*"}, "GET", "HEAD"),
		},
	}, pulumi.Parent(d))
	if err != nil {
		return fmt.Errorf("register the CORS rules of the bucket of files: %w", err)
	}
	return nil
}

// corsRule allows every request header, since the API's (X-Api-Key, Range) are sent along on a redirect, and
// exposes S3's response headers about the file and its parts.
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
