package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// UploadOptions are those of PutFile. The zero value is usable.
type UploadOptions struct {
	// ContentType is the file's media type.
	ContentType string
	// Concurrency is the number of parts that are sent at once; 0: four.
	Concurrency int
	// Resume is a started upload in parts, of an Unfinished error or of Progress. What it has is not sent again unless
	// the file has changed there.
	Resume *Upload
	// Progress is called after each part with what Resume takes, by one goroutine at a time.
	Progress func(Upload)
}

// Upload is the state of an upload in parts. Its JSON can be stored.
type Upload struct {
	Key     string         `json:"key"`
	ID      string         `json:"upload_id"`
	Size    int64          `json:"size"`
	Started time.Time      `json:"started"` // by the API's clock
	Parts   []UploadedPart `json:"parts"`
}

// UploadedPart is a part that S3 has.
type UploadedPart struct {
	Number int32  `json:"part_number"`
	ETag   string `json:"etag"`
	MD5    string `json:"md5"`
}

// Unfinished is the error of an upload in parts that failed. S3 keeps its parts until it is resumed, by PutFile, or
// aborted, by AbortUpload, or until the bucket's lifecycle rule aborts it.
type Unfinished struct {
	Upload Upload
	cause  error
}

// Error implements error.
func (u *Unfinished) Error() string {
	return fmt.Sprintf("the upload of %s has %d parts and can be resumed: %v", u.Upload.Key, len(u.Upload.Parts), u.cause)
}

// Unwrap returns the cause.
func (u *Unfinished) Unwrap() error { return u.cause }

const defaultConcurrency = 4

// PutFile stores size bytes of content under key: with one request, or in parts, as the API decides by the size. S3
// compares each request's bytes with a checksum, and PutFile the complete file's with S3's where S3 reports one.
func (c *Client) PutFile(ctx context.Context, key string, content io.ReaderAt, size int64, o UploadOptions) error {
	if o.Resume != nil && (o.Resume.Key != key || o.Resume.Size != size) {
		return fmt.Errorf("the upload to resume is of %d bytes for %s, not of %d for %s", o.Resume.Size, o.Resume.Key, size, key)
	}
	answer, state, err := c.startOrResume(ctx, key, size, o)
	if err != nil {
		return err
	}
	if answer.single != nil {
		return c.putSingle(ctx, *answer.single, content, size)
	}
	u := &partUpload{
		client: c, content: content, options: o, state: state, size: answer.parts.PartSize, count: answer.parts.PartCount,
		uncertain: o.Resume != nil,
	}
	u.requests.keep(*answer.parts)
	err = u.run(ctx)
	if known := new(transport.Problem); errors.As(err, &known) && known.Title == codeNoSuchUpload {
		return u.gone(ctx, err)
	}
	if err != nil {
		return &Unfinished{Upload: u.snapshot(), cause: err}
	}
	return nil
}

// startOrResume requests a new upload, or the parts of one to resume, whose type is fixed. It returns the state of an upload
// in parts.
func (c *Client) startOrResume(ctx context.Context, key string, size int64, o UploadOptions) (answer uploadAnswer, state Upload, err error) {
	if o.Resume != nil {
		state = *o.Resume
		state.Parts = slices.Clone(state.Parts)
		answer.parts, err = c.requestParts(ctx, state, 1)
		return answer, state, err
	}
	request, err := newUpload(size, o.ContentType)
	answer, err = c.requestUpload(ctx, key, request, err)
	state = Upload{Key: key, Size: size, Started: answer.at}
	if answer.parts != nil {
		state.ID = answer.parts.UploadId
	}
	return answer, state, err
}

// AbortUpload gives up an upload in parts, and frees what S3 keeps of it.
func (c *Client) AbortUpload(ctx context.Context, upload Upload) error {
	parts, err := c.requestParts(ctx, upload, 1)
	if err != nil {
		return err
	}
	response, err := c.sendText(ctx, parts.Abort, nil)
	if known := new(transport.Problem); errors.As(err, &known) && known.Title == codeNoSuchUpload {
		return nil // by an earlier try, or by the lifecycle rule
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// putSingle uploads a file with one request. When its URL has expired, it asks for another one.
func (c *Client) putSingle(ctx context.Context, answer api.SingleUpload, content io.ReaderAt, size int64) error {
	body, whole := section{content: content, len: size}, newCRC64NVME()
	if err := body.read(ctx, whole); err != nil {
		return fmt.Errorf("reading the file: %w", err)
	}
	renew := func() (api.Presigned, error) {
		contentType := ""
		if answer.Headers != nil {
			contentType = (*answer.Headers)["Content-Type"]
		}
		request, err := newUpload(size, contentType)
		renewed, err := c.requestUpload(ctx, answer.Key, request, err)
		if err == nil && renewed.single == nil {
			err = errors.New("the API did not renew the upload's URL")
		}
		if err != nil {
			return api.Presigned{}, err
		}
		return presigned(*renewed.single), nil
	}
	header, err := c.sendSection(ctx, presigned(answer), body, renew)
	if err != nil {
		return err
	}
	return compare(header.Get("X-Amz-Checksum-Crc64nvme"), whole)
}

func presigned(u api.SingleUpload) api.Presigned {
	return api.Presigned{Method: u.Method, Url: u.Url, Headers: u.Headers}
}

// sendTries bounds the tries of a section whose bytes were damaged or late, or whose URL has expired; those of
// connections and of S3's faults are the transport's.
const sendTries = 3

// sendSection sends a section until S3 has it.
func (c *Client) sendSection(ctx context.Context, to api.Presigned, body section, renew func() (api.Presigned, error)) (http.Header, error) {
	for try := 1; ; try++ {
		response, err := c.send(ctx, to, body)
		if err == nil {
			return response.Header, response.Body.Close()
		}
		known := new(transport.Problem)
		if try == sendTries || !errors.As(err, &known) {
			return nil, err
		}
		switch {
		case known.Status == http.StatusForbidden:
			// The credentials that signed the URL may expire before it does.
			if to, err = renew(); err != nil {
				return nil, errors.Join(known, err)
			}
		case known.Title == codeBadDigest || known.Title == codeRequestTimeout:
		default:
			return nil, err
		}
	}
}

// presignedParts are the requests for parts that the API has signed, in pages.
type presignedParts struct {
	mu    sync.Mutex
	parts map[int32]api.Presigned
	// complete is of the last page.
	complete api.Presigned
}

func (p *presignedParts) keep(answer api.MultipartUpload) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parts == nil {
		p.parts = map[int32]api.Presigned{}
	}
	for _, part := range answer.Parts {
		p.parts[part.PartNumber] = api.Presigned{Method: part.Method, Url: part.Url, Headers: part.Headers}
	}
	p.complete = answer.Complete
}

func (p *presignedParts) get(number int32) (api.Presigned, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	part, ok := p.parts[number]
	return part, ok
}

func (p *presignedParts) completion() api.Presigned {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.complete
}
