package files

import (
	"context"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/lambda/fault"
)

// Signer presigns requests to S3.
type Signer interface {
	PresignGetObject(context.Context, *s3.GetObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignPutObject(context.Context, *s3.PutObjectInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	PresignUploadPart(context.Context, *s3.UploadPartInput, ...func(*s3.PresignOptions)) (*v4.PresignedHTTPRequest, error)
	// PresignUpload presigns a request on a multipart upload: POST completes it, DELETE aborts it.
	PresignUpload(ctx context.Context, method, bucket, key, uploadID string, expires time.Duration) (string, error)
}

// Sizes, within S3's limits: Amazon S3 user guide, "Amazon S3 multipart upload limits".
const (
	// MaxSize is the size of the largest file in bytes (5 TiB; S3 allows 48.8).
	MaxSize int64 = 5 << 40
	// maxSinglePut is the largest size for a single PUT. S3 allows 5 GiB, but a broken connection should not cost more than this.
	maxSinglePut int64 = 100 << 20
	// partSize is the size of a part, unless there would be too many parts.
	partSize int64 = 64 << 20
	// MaxParts is S3's limit on an upload's parts.
	MaxParts = 10_000

	linkExpiry  = 5 * time.Minute
	putExpiry   = 15 * time.Minute
	partsExpiry = time.Hour
)

// Request is a presigned request.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"` // to be sent unchanged
}

// Part is the presigned request for a part.
type Part struct {
	Number int32 `json:"part_number"`
	Size   int64 `json:"size"` // bytes
	Request
}

// Upload is how a client uploads an object: with one request, or with one for each part and one to complete or abort the upload. The
// requests for many parts are returned in pages.
type Upload struct {
	Key       string    `json:"key"`
	ExpiresAt time.Time `json:"expires_at"` // at the latest; the function's credentials may expire before
	*Request
	UploadID  string   `json:"upload_id,omitempty"`
	PartSize  int64    `json:"part_size,omitempty"` // bytes of every part but the last
	PartCount int32    `json:"part_count,omitempty"`
	Parts     []Part   `json:"parts,omitempty"`
	NextPart  int32    `json:"next_part,omitempty"` // the first part of the next page
	Complete  *Request `json:"complete,omitempty"`
	Abort     *Request `json:"abort,omitempty"`
}

// Link returns a URL of the object for five minutes, with the response headers that S3 lets a request override (Amazon S3 API
// reference, GetObject, "Overriding response header values through the request").
func (b *Bucket) Link(ctx context.Context, key string, header http.Header) (string, error) {
	in := &s3.GetObjectInput{
		Bucket: &b.name, Key: &key,
		ResponseCacheControl:       nonEmpty(header.Get("Cache-Control")),
		ResponseContentDisposition: nonEmpty(header.Get("Content-Disposition")),
		ResponseContentType:        nonEmpty(header.Get("Content-Type")),
	}
	signed, err := b.client().PresignGetObject(ctx, in, s3.WithPresignExpires(linkExpiry))
	if err != nil {
		return "", fault.NewInternal("signing a download", err)
	}
	return signed.URL, nil
}

// Upload presigns the upload of an object of size bytes (0: unknown, at most 5 GiB) with contentType (may be empty) under key.
func (b *Bucket) Upload(ctx context.Context, key string, size int64, contentType string) (Upload, error) {
	if size > MaxSize {
		return Upload{}, errTooLarge()
	}
	if size <= maxSinglePut {
		return b.singleUpload(ctx, key, size, contentType)
	}
	return b.startMultipart(ctx, key, size, contentType)
}

func (b *Bucket) singleUpload(ctx context.Context, key string, size int64, contentType string) (Upload, error) {
	in := &s3.PutObjectInput{Bucket: &b.name, Key: &key, ContentType: nonEmpty(contentType)}
	if size > 0 {
		in.ContentLength = aws.Int64(size)
	}
	signed, err := b.client().PresignPutObject(ctx, in, s3.WithPresignExpires(putExpiry))
	if err != nil {
		return Upload{}, fault.NewInternal("signing an upload", err)
	}
	return Upload{Key: key, ExpiresAt: expiry(putExpiry), Request: newRequest(signed)}, nil
}

// newRequest converts a presigned request, without the header that every HTTP client sets itself.
func newRequest(signed *v4.PresignedHTTPRequest) *Request {
	r := &Request{Method: signed.Method, URL: signed.URL, Headers: map[string]string{}}
	for name := range signed.SignedHeader {
		if name != "Host" {
			r.Headers[name] = signed.SignedHeader.Get(name)
		}
	}
	return r
}

func expiry(after time.Duration) time.Time { return time.Now().Add(after).UTC().Truncate(time.Second) }
