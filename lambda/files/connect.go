package files

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"github.com/didomi/serverless-api/lambda/steps"
)

// Connect returns a Client with the given AWS configuration.
func Connect(config aws.Config) Client {
	client := s3.NewFromConfig(config, func(o *s3.Options) {
		// Otherwise a presigned upload would contain the checksum of an empty body.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		// Bodies are read in ranges, which the SDK cannot check; see checksum.go.
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.APIOptions = append(o.APIOptions, recordCalls)
	})
	return Client{
		API:    client,
		Signer: signer{PresignClient: s3.NewPresignClient(client), credentials: config.Credentials, region: config.Region},
	}
}

// recordCalls records each request to S3 until the header of its response. A presigner sends none, and has no such step.
func recordCalls(stack *middleware.Stack) error {
	return stack.Deserialize.Add(middleware.DeserializeMiddlewareFunc("RecordCalls",
		func(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (middleware.DeserializeOutput, middleware.Metadata, error) {
			defer steps.Begin(ctx, steps.Files).End()
			return next.HandleDeserialize(ctx, in)
		}), middleware.After)
}

// signer extends the SDK's presigner.
type signer struct {
	*s3.PresignClient
	credentials aws.CredentialsProvider
	region      string
}

// unsignedBody is the payload hash of a presigned request.
const unsignedBody = "UNSIGNED-PAYLOAD"

// PresignUpload implements Signer. It takes the URL of the upload's first part, as the SDK resolves it.
func (s signer) PresignUpload(ctx context.Context, method, bucket, key, uploadID string, expires time.Duration) (string, error) {
	part, err := s.PresignUploadPart(ctx, &s3.UploadPartInput{
		Bucket: &bucket, Key: &key, UploadId: &uploadID, PartNumber: aws.Int32(1),
	})
	if err != nil {
		return "", err
	}
	address, err := url.Parse(part.URL)
	if err != nil {
		return "", fmt.Errorf("parsing the URL of part 1: %w", err)
	}
	address.RawQuery = url.Values{
		"uploadId":      {uploadID},
		"X-Amz-Expires": {strconv.Itoa(int(expires.Seconds()))},
	}.Encode()
	r, err := http.NewRequestWithContext(ctx, method, address.String(), nil)
	if err != nil {
		return "", err
	}
	credentials, err := s.credentials.Retrieve(ctx)
	if err != nil {
		return "", fmt.Errorf("getting credentials to sign with: %w", err)
	}
	signed, _, err := v4.NewSigner().PresignHTTP(ctx, credentials, r, unsignedBody, "s3", s.region, time.Now(),
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	return signed, err
}
