package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// FileInfo is a file's metadata.
type FileInfo struct {
	Key         string
	Size        int64 // bytes; -1: not known
	ETag        string
	ContentType string
	Modified    time.Time
}

// Stat returns a file's metadata. A missing file is transport.ErrNotFound.
func (c *Client) Stat(ctx context.Context, key string) (FileInfo, error) {
	response, err := c.api.HeadFile(ctx, key, nil)
	header, err := decode(response, err, nil, http.StatusOK)
	if err != nil {
		return FileInfo{}, err
	}
	info := infoOf(key, header)
	// API Gateway sets its own Content-Length in responses without a body.
	if info.Size, err = strconv.ParseInt(header.Get("X-File-Size"), 10, 64); err != nil {
		return FileInfo{}, fmt.Errorf("X-File-Size: %w", err)
	}
	return info, nil
}

func infoOf(key string, header http.Header) FileInfo {
	modified, _ := http.ParseTime(header.Get("Last-Modified"))
	return FileInfo{Key: key, Size: -1, ETag: header.Get("ETag"), ContentType: header.Get("Content-Type"), Modified: modified}
}

// DownloadOptions are those of File. The zero value is the complete file as it is now.
type DownloadOptions struct {
	// Offset is the first byte to read: what a caller has of the version ETag already.
	Offset int64
	// ETag is the version to read; another one is transport.ErrPrecondition.
	ETag string
}

// File is an open file: a reader of one version, which continues where a connection breaks.
type File struct {
	FileInfo

	ctx    context.Context //nolint:containedctx // that of File, for requests in Read
	client *Client
	at     int64
	body   io.ReadCloser
	stall  *time.Timer
	pauses *backoff.ExponentialBackOff
	fails  int // since the last byte
}

const (
	// stallTimeout ends a connection that sends nothing; the file is continued on another one.
	stallTimeout = 30 * time.Second
	// maxFails bounds the connections in a row that bring no byte.
	maxFails = 5
)

// File opens a file, following a redirect to S3. The caller closes it. ctx is that of all its requests.
func (c *Client) File(ctx context.Context, key string, o DownloadOptions) (*File, error) {
	if o.Offset > 0 && o.ETag == "" {
		return nil, errors.New("a download that continues needs the ETag of what it continues")
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = transport.DefaultRetries.Initial
	f := &File{FileInfo: FileInfo{Key: key, Size: -1, ETag: o.ETag}, ctx: ctx, client: c, at: o.Offset, pauses: pauses}
	if err := f.open(); err != nil {
		return nil, err
	}
	return f, nil
}

// open requests the file from its first byte that was not read. A range of the complete file rather than none: its
// response has the size, which a stream otherwise has not.
func (f *File) open() error {
	ctx, cancel := context.WithCancelCause(f.ctx)
	params := &api.GetFileParams{Range: optional(fmt.Sprintf("bytes=%d-", f.at)), IfMatch: optional(f.ETag)}
	response, err := f.request(ctx, params)
	if err != nil {
		cancel(nil)
		return err
	}
	f.body = cancelled{response.Body, cancel}
	f.stall = time.AfterFunc(stallTimeout, func() { cancel(errStalled) })
	f.stall.Stop()
	info := infoOf(f.Key, response.Header)
	switch _, total, _ := strings.Cut(response.Header.Get("Content-Range"), "/"); {
	case response.StatusCode == http.StatusRequestedRangeNotSatisfiable:
		info.Size = f.at // nothing is left
		info.ETag = f.ETag
	case response.StatusCode == http.StatusOK && f.at > 0:
		return errors.Join(errors.New("the API sent the complete file in place of its rest"), f.body.Close())
	case response.StatusCode == http.StatusOK:
		info.Size = response.ContentLength
	default:
		if info.Size, err = strconv.ParseInt(total, 10, 64); err != nil {
			return errors.Join(fmt.Errorf("Content-Range: %w", err), f.body.Close())
		}
	}
	f.FileInfo = info
	return nil
}

var errStalled = fmt.Errorf("nothing was received for %s", stallTimeout)

// cancelled is a body that ends its request when it is closed.
type cancelled struct {
	io.ReadCloser
	cancel context.CancelCauseFunc
}

func (c cancelled) Close() error {
	c.cancel(nil)
	return c.ReadCloser.Close()
}

// request sends the request, and again when S3 rejects the URL that the API redirects to: it is valid for minutes.
func (f *File) request(ctx context.Context, params *api.GetFileParams) (*http.Response, error) {
	for try := 1; ; try++ {
		response, err := f.client.api.GetFile(transport.Streamed(ctx), f.Key, params)
		if err != nil {
			return nil, withoutURL(err)
		}
		atS3 := response.Request.URL.Host != f.client.host
		switch {
		case response.StatusCode == http.StatusOK || response.StatusCode == http.StatusPartialContent:
			return response, nil
		case response.StatusCode == http.StatusRequestedRangeNotSatisfiable && f.at > 0 && strings.HasSuffix(response.Header.Get("Content-Range"), fmt.Sprintf("/%d", f.at)):
			return response, nil
		case !atS3:
			return nil, transport.NewProblem(response)
		}
		if err := newStorageError(response); err.Status != http.StatusForbidden || try == sendTries {
			return nil, err
		}
	}
}

// Read implements io.Reader.
func (f *File) Read(p []byte) (int, error) {
	for {
		if f.at == f.Size || len(p) == 0 {
			return 0, endOf(f.at == f.Size)
		}
		n, err := f.readOnce(p)
		if f.at += int64(n); n > 0 {
			f.fails = 0
			f.pauses.Reset()
			return n, nil // an error comes again
		}
		if err == nil {
			continue
		}
		if errors.Is(err, io.EOF) && f.Size < 0 {
			return 0, io.EOF
		}
		if err := f.reopen(err); err != nil {
			return 0, err
		}
	}
}

func endOf(end bool) error {
	if end {
		return io.EOF
	}
	return nil
}

// readOnce reads from the present connection.
func (f *File) readOnce(p []byte) (int, error) {
	if f.body == nil {
		return 0, io.ErrUnexpectedEOF
	}
	f.stall.Reset(stallTimeout)
	n, err := f.body.Read(p)
	f.stall.Stop()
	return n, err
}

// reopen continues after a connection that broke with cause.
func (f *File) reopen(cause error) error {
	if errors.Is(cause, io.EOF) {
		cause = io.ErrUnexpectedEOF
	}
	_ = f.Close()
	if f.fails++; f.fails > maxFails || f.ETag == "" || f.ctx.Err() != nil {
		return fmt.Errorf("%s broke off after %d of %d bytes: %w", f.Key, f.at, f.Size, cause)
	}
	if f.fails > 1 {
		select {
		case <-time.After(f.pauses.NextBackOff()):
		case <-f.ctx.Done():
			return context.Cause(f.ctx)
		}
	}
	if err := f.open(); err != nil {
		return fmt.Errorf("continuing %s after %d bytes: %w", f.Key, f.at, err)
	}
	return nil
}

// Close implements io.Closer.
func (f *File) Close() error {
	if f.body == nil {
		return nil
	}
	f.stall.Stop()
	err := f.body.Close()
	f.body = nil
	return err
}
