package files

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/lambda/fault"
)

// Bounds on a page of an upload's parts. A URL contains the session token of the function's credentials, 1 to 2 KB for which AWS
// documents no bound (AWS STS API reference, Credentials), and the key, up to 3 KB; a response of Lambda has 6 MB.
const (
	maxPageParts = 250
	maxPageBytes = 2 << 20
	// partOverhead bounds the bytes of a part without its URL.
	partOverhead = 256
)

// abortTimeout bounds aborting an upload, whatever remains of the invocation's time.
const abortTimeout = 2 * time.Second

// startMultipart starts a multipart upload. If it cannot be returned, it is aborted at once; otherwise its remains would cost until
// the bucket's lifecycle rule aborts it.
func (b *Bucket) startMultipart(ctx context.Context, key string, size int64, contentType string) (Upload, error) {
	in := &s3.CreateMultipartUploadInput{Bucket: &b.name, Key: &key, ContentType: nonEmpty(contentType)}
	out, err := b.client().CreateMultipartUpload(ctx, in)
	if err != nil {
		return Upload{}, classify("starting a multipart upload", err)
	}
	id := aws.ToString(out.UploadId)
	upload, err := b.partsPage(ctx, key, id, size, 1)
	if ctx.Err() != nil && err == nil {
		err = fault.NewUnavailable(fault.Files, ctx.Err()) // the response has been sent by now
	}
	if err != nil {
		return Upload{}, errors.Join(err, b.abort(ctx, key, id))
	}
	return upload, nil
}

func (b *Bucket) abort(ctx context.Context, key, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortTimeout)
	defer cancel()
	_, err := b.client().AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: &b.name, Key: &key, UploadId: &id})
	if err != nil {
		return classify("aborting a multipart upload that was not returned", err)
	}
	return nil
}

// Parts presigns the requests for further parts of the upload id of size bytes, from the part first on, and the two that complete
// and abort it. It makes no call to S3, which rejects the requests if the key has no such upload.
func (b *Bucket) Parts(ctx context.Context, key, id string, size int64, first int32) (Upload, error) {
	if size > MaxSize {
		return Upload{}, errTooLarge()
	}
	if size <= maxSinglePut {
		return Upload{}, fault.New(fault.Invalid, "size must be the one that the upload was started with, over %d bytes", maxSinglePut)
	}
	if _, count := partLayout(size); first < 1 || first > count {
		return Upload{}, fault.New(fault.Invalid, "part must be a number from 1 to %d, the parts of an upload of that size", count)
	}
	return b.partsPage(ctx, key, id, size, first)
}

func errTooLarge() error { return fault.New(fault.TooLarge, "a file has at most %d bytes", MaxSize) }

// partLayout returns the size of every part but the last, and the number of parts.
func partLayout(size int64) (each int64, count int32) {
	each = max(partSize, (size+MaxParts-1)/MaxParts)
	return each, int32((size + each - 1) / each)
}

func (b *Bucket) partsPage(ctx context.Context, key, id string, size int64, first int32) (Upload, error) {
	each, count := partLayout(size)
	upload := Upload{Key: key, ExpiresAt: expiry(partsExpiry), UploadID: id, PartSize: each, PartCount: count}
	bytes := 0
	for number := first; number <= count; number++ {
		part, err := b.signPart(ctx, key, id, number, min(each, size-int64(number-1)*each))
		if err != nil {
			return Upload{}, err
		}
		bytes += len(part.URL) + partOverhead
		if len(upload.Parts) == maxPageParts || len(upload.Parts) > 0 && bytes > maxPageBytes {
			upload.NextPart = number
			break
		}
		upload.Parts = append(upload.Parts, part)
	}
	for method, request := range map[string]**Request{http.MethodPost: &upload.Complete, http.MethodDelete: &upload.Abort} {
		url, err := b.client().PresignUpload(ctx, method, b.name, key, id, partsExpiry)
		if err != nil {
			return Upload{}, fault.NewInternal("signing the completion of an upload", err)
		}
		*request = &Request{Method: method, URL: url}
	}
	return upload, nil
}

func (b *Bucket) signPart(ctx context.Context, key, id string, number int32, size int64) (Part, error) {
	in := &s3.UploadPartInput{Bucket: &b.name, Key: &key, UploadId: &id, PartNumber: &number, ContentLength: &size}
	signed, err := b.client().PresignUploadPart(ctx, in, s3.WithPresignExpires(partsExpiry))
	if err != nil {
		return Part{}, fault.NewInternal(fmt.Sprintf("signing part %d", number), err)
	}
	return Part{Number: number, Size: size, Request: *newRequest(signed)}, nil
}
