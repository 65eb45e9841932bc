package client

import (
	"context"
	"crypto/md5" //nolint:gosec // against damage on the way, not against an attacker; what S3 compares
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"hash/crc64"
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
	request := api.UploadRequest{Size: &size, ContentType: optional(o.ContentType)}
	if o.Resume != nil {
		// The API rejects a type: that of a started upload is fixed.
		request = api.UploadRequest{Size: &size, UploadId: &o.Resume.ID}
	}
	answer, started, err := c.requestUpload(ctx, key, request)
	if err != nil {
		return err
	}
	if answer.Url != nil {
		return c.putWhole(ctx, answer, content, size)
	}
	if answer.UploadId == nil || answer.PartSize == nil || answer.PartCount == nil || answer.Complete == nil {
		return errors.New("the response to an upload has neither a URL nor parts: it is not what the contract says")
	}
	state := Upload{Key: key, ID: *answer.UploadId, Size: size, Started: started}
	if o.Resume != nil {
		state.Started, state.Parts = o.Resume.Started, slices.Clone(o.Resume.Parts)
	}
	u := &partUpload{client: c, content: content, options: o, state: state, size: *answer.PartSize, count: *answer.PartCount}
	u.requests.keep(answer)
	if err := u.run(ctx); err != nil {
		return &Unfinished{Upload: u.snapshot(), cause: err}
	}
	return nil
}

// AbortUpload gives up an upload in parts, and frees what S3 keeps of it.
func (c *Client) AbortUpload(ctx context.Context, upload Upload) error {
	answer, _, err := c.requestUpload(ctx, upload.Key, api.UploadRequest{Size: &upload.Size, UploadId: &upload.ID})
	if err != nil {
		return err
	}
	if answer.Abort == nil {
		return errors.New("the response to an upload in parts has no request to abort it: it is not what the contract says")
	}
	response, err := c.sendText(ctx, *answer.Abort, nil)
	if known := new(transport.Problem); errors.As(err, &known) && known.Title == codeNoSuchUpload {
		return nil // by an earlier try, or by the lifecycle rule
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// requestUpload returns presigned requests, and the time of the response. It may be repeated: an upload whose response
// was lost has no parts and costs nothing until the bucket's lifecycle rule aborts it.
func (c *Client) requestUpload(ctx context.Context, key string, request api.UploadRequest) (upload api.Upload, at time.Time, err error) {
	repeatable := func(_ context.Context, r *http.Request) error {
		transport.Repeatable(r)
		return nil
	}
	response, err := c.api.UploadFile(ctx, key, request, repeatable)
	header, err := decode(response, err, &upload, http.StatusOK, http.StatusCreated)
	at, _ = http.ParseTime(header.Get("Date"))
	return upload, at, err
}

// putWhole uploads a file with one request. When its URL has expired, it asks for another one.
func (c *Client) putWhole(ctx context.Context, answer api.Upload, content io.ReaderAt, size int64) error {
	body := section{content: content, len: size}
	sum, whole := md5.New(), newCRC64NVME() //nolint:gosec // see the import
	if _, err := io.Copy(io.MultiWriter(sum, whole), io.NewSectionReader(content, 0, size)); err != nil {
		return err
	}
	body.md5 = base64.StdEncoding.EncodeToString(sum.Sum(nil))
	to := api.Presigned{Method: *answer.Method, Url: *answer.Url, Headers: answer.Headers}
	renew := func() (api.Presigned, error) {
		again := api.UploadRequest{Size: &size}
		if answer.Headers != nil {
			again.ContentType = optional((*answer.Headers)["Content-Type"])
		}
		renewed, _, err := c.requestUpload(ctx, answer.Key, again)
		if err != nil || renewed.Url == nil {
			return to, errors.Join(err, errors.New("the API did not renew the upload's URL"))
		}
		return api.Presigned{Method: *renewed.Method, Url: *renewed.Url, Headers: renewed.Headers}, nil
	}
	header, err := c.sendSection(ctx, to, body, renew)
	if err != nil {
		return err
	}
	return compare(header.Get("X-Amz-Checksum-Crc64nvme"), whole)
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

// newCRC64NVME returns the checksum that S3 computes of each object (NVM Express NVM Command Set Specification 1.0,
// 5.2.1.3.4, with the polynomial's bits reversed).
func newCRC64NVME() hash.Hash { return crc64.New(crc64.MakeTable(0x9a6c9329ac4bc9b5)) }

// compare compares S3's checksum of the complete file, if it reports one, with the file's.
func compare(reported string, whole hash.Hash) error {
	if own := base64.StdEncoding.EncodeToString(whole.Sum(nil)); reported != "" && reported != own {
		return fmt.Errorf("S3 has stored other bytes: their CRC-64/NVME is %s, that of the file %s; upload it again", reported, own)
	}
	return nil
}

// presignedParts are the requests for parts that the API has signed, in pages.
type presignedParts struct {
	mu    sync.Mutex
	parts map[int32]api.Presigned
	// complete is of the last page.
	complete api.Presigned
}

func (p *presignedParts) keep(answer api.Upload) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parts == nil {
		p.parts = map[int32]api.Presigned{}
	}
	if answer.Parts != nil {
		for _, part := range *answer.Parts {
			p.parts[part.PartNumber] = api.Presigned{Method: part.Method, Url: part.Url, Headers: part.Headers}
		}
	}
	if answer.Complete != nil {
		p.complete = *answer.Complete
	}
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
