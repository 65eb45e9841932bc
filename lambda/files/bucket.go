// Package files reads objects from S3 as streams, and presigns URLs for what does not pass through the function: uploads, and
// bodies that the platform cannot stream.
package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/limit"
)

// API is the part of the S3 client that a Bucket uses.
type API interface {
	GetObject(context.Context, *s3.GetObjectInput, ...func(*s3.Options)) (*s3.GetObjectOutput, error)
	HeadObject(context.Context, *s3.HeadObjectInput, ...func(*s3.Options)) (*s3.HeadObjectOutput, error)
	CreateMultipartUpload(context.Context, *s3.CreateMultipartUploadInput, ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error)
	AbortMultipartUpload(context.Context, *s3.AbortMultipartUploadInput, ...func(*s3.Options)) (*s3.AbortMultipartUploadOutput, error)
}

// responseTimeout bounds the wait for the first response of S3, including the SDK's retries; S3 usually responds in milliseconds.
// Reading the body may take longer.
const responseTimeout = 10 * time.Second

// errNoResponse is the cause when that time has passed.
var errNoResponse = fmt.Errorf("S3 sent no response within %s", responseTimeout)

// Client is an S3 client with its presigner.
type Client struct {
	API
	Signer
}

// Bucket is one S3 bucket. It is safe for concurrent use.
type Bucket struct {
	name   string
	client func() Client
}

// New returns the bucket name; connect creates its client on first use.
func New(name string, connect func() Client) *Bucket {
	return &Bucket{name: name, client: sync.OnceValue(connect)}
}

// Object is an object's metadata, with its body if it was opened.
type Object struct {
	Size         int64 // of the body, which may be a range
	ETag         string
	Modified     time.Time
	ContentRange string // only of a range
	Header       http.Header
	Body         io.ReadCloser // nil if not opened
}

// Open opens an object, or the range rng of it if that is not empty ("bytes=0-9"), in the version with the entity tag etag if that
// is not empty. The body is read a little ahead of its reader, who closes it. An error of the body has a kind, and the cause
// ErrReplaced for another version and ErrDamaged for other bytes. Open itself returns errors of kind NotFound, and those with the
// causes ErrRange and ErrReplaced.
func (b *Bucket) Open(ctx context.Context, key, rng, etag string) (Object, error) {
	in := s3.GetObjectInput{Bucket: &b.name, Key: &key, Range: nonEmpty(rng), IfMatch: nonEmpty(etag)}
	ctx, cancel := context.WithCancel(ctx) // for the body, which may take longer
	overdue := time.AfterFunc(limit.Of(responseTimeout), cancel)
	out, err := b.client().GetObject(ctx, &in, requestChecksum)
	if !overdue.Stop() {
		if err == nil {
			_ = out.Body.Close()
		}
		err = errNoResponse
	}
	if err != nil {
		cancel()
		return Object{}, classify("opening an object", err)
	}
	return Object{
		Size:         aws.ToInt64(out.ContentLength),
		ETag:         aws.ToString(out.ETag),
		Modified:     aws.ToTime(out.LastModified).UTC(),
		ContentRange: aws.ToString(out.ContentRange),
		Header: storedHeader(out.ContentType, out.CacheControl, out.ContentDisposition,
			out.ContentEncoding, out.ContentLanguage),
		Body: b.stream(ctx, cancel, in, out),
	}, nil
}

// Stat returns an object's metadata.
func (b *Bucket) Stat(ctx context.Context, key string) (Object, error) {
	ctx, cancel := context.WithTimeout(ctx, limit.Of(responseTimeout))
	defer cancel()
	out, err := b.client().HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return Object{}, classify("reading an object's metadata", err)
	}
	return Object{
		Size:     aws.ToInt64(out.ContentLength),
		ETag:     aws.ToString(out.ETag),
		Modified: aws.ToTime(out.LastModified).UTC(),
		Header: storedHeader(out.ContentType, out.CacheControl, out.ContentDisposition,
			out.ContentEncoding, out.ContentLanguage),
	}, nil
}

// pingKey is an object that need not exist: any response shows that S3 is available.
const pingKey = ".health"

// Ping reports whether S3 responds for this bucket.
func (b *Bucket) Ping(ctx context.Context) error {
	_, err := b.Stat(ctx, pingKey)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// storedHeader returns the headers that an object was stored with.
func storedHeader(contentType, cacheControl, disposition, encoding, language *string) http.Header {
	header := http.Header{}
	for name, value := range map[string]*string{
		"Content-Type":        contentType,
		"Cache-Control":       cacheControl,
		"Content-Disposition": disposition,
		"Content-Encoding":    encoding,
		"Content-Language":    language,
	} {
		if v := aws.ToString(value); v != "" {
			header.Set(name, v)
		}
	}
	return header
}

// Causes of errors that a caller may distinguish.
var (
	ErrRange    = errors.New("the range is not within the object")
	ErrReplaced = errors.New("another version of the object is there now")
)

func classify(what string, err error) error {
	var response *awshttp.ResponseError
	if !errors.As(err, &response) || response.HTTPStatusCode() == 0 {
		// There was no response. The error of a request that was not sent contains its URL, and so the key.
		var unsent *url.Error
		if errors.As(err, &unsent) {
			err = unsent.Err
		}
		return fault.NewUnavailable(fault.Files, err)
	}
	err = responseError(response, err)
	switch status := response.HTTPStatusCode(); {
	case status == http.StatusNotFound:
		return &fault.Error{Kind: fault.NotFound, Detail: "there is no such file", Cause: err}
	case status == http.StatusPreconditionFailed:
		unavailable := fault.NewUnavailable(fault.Files, errors.Join(ErrReplaced, err))
		unavailable.Detail = "the file is being replaced"
		return unavailable
	case status == http.StatusRequestedRangeNotSatisfiable:
		return &fault.Error{Kind: fault.Malformed, Detail: "the range is not within the file", Cause: errors.Join(ErrRange, err)}
	case status >= http.StatusInternalServerError, status == http.StatusTooManyRequests:
		return fault.NewUnavailable(fault.Files, err)
	default:
		return fault.NewInternal(what, err)
	}
}

// responseError returns S3's error for the log without its message: that of an access denial contains the object's key.
func responseError(response *awshttp.ResponseError, err error) error {
	code := "no code"
	var known smithy.APIError
	if errors.As(err, &known) && known.ErrorCode() != "" {
		code = known.ErrorCode()
	}
	return fmt.Errorf("S3 responded %d (%s) to its request %s", response.HTTPStatusCode(), code, response.ServiceRequestID())
}

func nonEmpty(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
