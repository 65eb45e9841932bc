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
	// PresignUpload signs a request on a multipart upload as a whole: POST
	// completes it, DELETE aborts it.
	PresignUpload(ctx context.Context, method, bucket, key, uploadID string, expires time.Duration) (string, error)
}

// Sizes within S3's: Amazon S3 user guide, "Amazon S3 multipart upload limits".
const (
	// MaxSize is the size of the largest file, in bytes (5 TiB; S3 takes 48.8).
	MaxSize int64 = 5 << 40
	// single is the size up to which one PUT is offered. S3 takes 5 GiB, but
	// one broken connection should not cost more than this.
	single int64 = 100 << 20
	// partSize is the size of a part unless that makes too many.
	partSize int64 = 64 << 20
	// maxParts is the parts that S3 takes.
	maxParts = 10_000

	linkTime   = 5 * time.Minute
	singleTime = 15 * time.Minute
	partsTime  = time.Hour
)

// Request is one presigned request.
type Request struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers,omitempty"` // to be sent as they are
}

// Part is the presigned request for one part.
type Part struct {
	Number int32 `json:"part_number"`
	Size   int64 `json:"size"` // bytes
	Request
}

// Upload tells a client how to put an object: with one request, or with one
// for each part and then one to complete (or abort) the whole. The requests for
// many parts come in pages.
type Upload struct {
	Key       string    `json:"key"`
	ExpiresAt time.Time `json:"expires_at"` // at the latest; the function's credentials may end before
	*Request
	UploadID  string   `json:"upload_id,omitempty"`
	PartSize  int64    `json:"part_size,omitempty"` // bytes of every part but the last
	PartCount int32    `json:"part_count,omitempty"`
	Parts     []Part   `json:"parts,omitempty"`
	NextPart  int32    `json:"next_part,omitempty"` // the first part of the next page
	Complete  *Request `json:"complete,omitempty"`
	Abort     *Request `json:"abort,omitempty"`
}

// Link returns a URL that serves the object for five minutes, with those of
// header that S3 lets a request set (Amazon S3 API reference, GetObject,
// "Overriding response header values through the request").
func (b *Bucket) Link(ctx context.Context, key string, header http.Header) (string, error) {
	in := &s3.GetObjectInput{
		Bucket: &b.name, Key: &key,
		ResponseCacheControl:       optional(header.Get("Cache-Control")),
		ResponseContentDisposition: optional(header.Get("Content-Disposition")),
		ResponseContentType:        optional(header.Get("Content-Type")),
	}
	signed, err := b.client().PresignGetObject(ctx, in, s3.WithPresignExpires(linkTime))
	if err != nil {
		return "", fault.Broken("signing a download", err)
	}
	return signed.URL, nil
}

// Upload presigns what a client needs to put an object of size bytes (0: not
// known, at most 5 GiB) and contentType (empty: none) under key.
func (b *Bucket) Upload(ctx context.Context, key string, size int64, contentType string) (Upload, error) {
	if size > MaxSize {
		return Upload{}, errTooLarge()
	}
	if size <= single {
		return b.uploadWhole(ctx, key, size, contentType)
	}
	return b.startParts(ctx, key, size, contentType)
}

func (b *Bucket) uploadWhole(ctx context.Context, key string, size int64, contentType string) (Upload, error) {
	in := &s3.PutObjectInput{Bucket: &b.name, Key: &key, ContentType: optional(contentType)}
	if size > 0 {
		in.ContentLength = aws.Int64(size)
	}
	signed, err := b.client().PresignPutObject(ctx, in, s3.WithPresignExpires(singleTime))
	if err != nil {
		return Upload{}, fault.Broken("signing an upload", err)
	}
	return Upload{Key: key, ExpiresAt: expiry(singleTime), Request: request(signed)}, nil
}

// request leaves out the headers that every HTTP client sets by itself.
func request(signed *v4.PresignedHTTPRequest) *Request {
	r := &Request{Method: signed.Method, URL: signed.URL, Headers: map[string]string{}}
	for name := range signed.SignedHeader {
		if name != "Host" {
			r.Headers[name] = signed.SignedHeader.Get(name)
		}
	}
	return r
}

func expiry(after time.Duration) time.Time { return time.Now().Add(after).UTC().Truncate(time.Second) }
