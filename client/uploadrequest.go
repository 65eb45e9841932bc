package client

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// newUpload is the request for a new upload.
func newUpload(size int64, contentType string) (r api.UploadRequest, err error) {
	return r, r.FromNewUpload(api.NewUpload{Size: &size, ContentType: optional(contentType)})
}

// furtherParts is the request for parts of a started upload, from the part first on.
func furtherParts(u Upload, first int32) (r api.UploadRequest, err error) {
	return r, r.FromFurtherParts(api.FurtherParts{UploadId: u.ID, Size: u.Size, Part: optional(first)})
}

// uploadAnswer is the API's response to a request for an upload: one of the two.
type uploadAnswer struct {
	single *api.SingleUpload
	parts  *api.MultipartUpload
	at     time.Time // by the API's clock
}

// requestUpload returns presigned requests. It may be repeated: an upload whose response was lost has no parts and costs
// nothing until the bucket's lifecycle rule aborts it.
func (c *Client) requestUpload(ctx context.Context, key string, request api.UploadRequest, err error) (uploadAnswer, error) {
	if err != nil {
		return uploadAnswer{}, err
	}
	repeatable := func(_ context.Context, r *http.Request) error {
		transport.Repeatable(r)
		return nil
	}
	var upload api.Upload
	response, err := c.api.UploadFile(ctx, key, request, repeatable)
	header, err := decode(response, err, &upload, http.StatusOK, http.StatusCreated)
	if err != nil {
		return uploadAnswer{}, err
	}
	answer := uploadAnswer{}
	answer.at, _ = http.ParseTime(header.Get("Date"))
	if single, err := upload.AsSingleUpload(); err == nil && single.Url != "" {
		answer.single = &single
		return answer, nil
	}
	parts, err := upload.AsMultipartUpload()
	if err != nil || parts.UploadId == "" || parts.PartSize < 1 || parts.PartCount < 1 || parts.Complete.Url == "" {
		return uploadAnswer{}, errors.New("the response to an upload has neither a URL nor parts: it is not what the contract says")
	}
	answer.parts = &parts
	return answer, nil
}

// requestParts returns presigned requests for parts of a started upload.
func (c *Client) requestParts(ctx context.Context, u Upload, first int32) (*api.MultipartUpload, error) {
	request, err := furtherParts(u, first)
	answer, err := c.requestUpload(ctx, u.Key, request, err)
	if err == nil && answer.parts == nil {
		err = errors.New("the response to an upload in parts has no parts: it is not what the contract says")
	}
	return answer.parts, err
}
