package client

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// partUpload is an upload in parts in progress.
type partUpload struct {
	client   *Client
	content  io.ReaderAt
	options  UploadOptions
	size     int64 // of every part but the last
	count    int32
	requests presignedParts
	// uncertain is whether a completion may have been done: it was sent, or the upload is resumed.
	uncertain bool

	mu    sync.Mutex
	state Upload
}

// run sends the parts that S3 lacks, and completes the upload. One goroutine reads the file in order, for the checksum
// of all of it, and others send.
func (u *partUpload) run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan part)
	var senders sync.WaitGroup
	concurrency := u.options.Concurrency
	if concurrency < 1 {
		concurrency = defaultConcurrency
	}
	for range concurrency {
		senders.Go(func() {
			for p := range work {
				if err := u.send(ctx, p); err != nil {
					cancel(fmt.Errorf("part %d: %w", p.number, err))
				}
			}
		})
	}
	whole := newCRC64NVME()
	err := u.read(ctx, whole, work)
	close(work)
	senders.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err != nil {
		return err
	}
	return u.complete(ctx, whole)
}

// part is one to send.
type part struct {
	number int32
	section
}

// read computes the checksums of all parts in order, and passes on those to send.
func (u *partUpload) read(ctx context.Context, whole hash.Hash, work chan<- part) error {
	for number := int32(1); number <= u.count; number++ {
		at := int64(number-1) * u.size
		p := part{number, section{content: u.content, at: at, len: min(u.size, u.state.Size-at)}}
		if err := p.read(ctx, whole); err != nil {
			return fmt.Errorf("reading part %d of the file: %w", number, err)
		}
		if u.has(p) {
			continue
		}
		select {
		case work <- p:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// has reports whether S3 has the part with these bytes.
func (u *partUpload) has(p part) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.ContainsFunc(u.state.Parts, func(have UploadedPart) bool { return have.Number == p.number && have.MD5 == p.md5 })
}

// send sends a part and notes it.
func (u *partUpload) send(ctx context.Context, p part) error {
	to, ok := u.requests.get(p.number)
	renew := func() (api.Presigned, error) { return u.renew(ctx, p.number) }
	var err error
	if !ok {
		if to, err = renew(); err != nil {
			return err
		}
	}
	header, err := u.client.sendSection(ctx, to, p.section, renew)
	if err != nil {
		return err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.state.Parts = slices.DeleteFunc(u.state.Parts, func(have UploadedPart) bool { return have.Number == p.number })
	u.state.Parts = append(u.state.Parts, UploadedPart{p.number, header.Get("ETag"), p.md5})
	slices.SortFunc(u.state.Parts, func(a, b UploadedPart) int { return int(a.Number - b.Number) })
	if u.options.Progress != nil {
		u.options.Progress(u.copied())
	}
	return nil
}

// renew asks for new URLs of the parts from number on.
func (u *partUpload) renew(ctx context.Context, number int32) (api.Presigned, error) {
	parts, err := u.client.requestParts(ctx, u.state, number)
	if err != nil {
		return api.Presigned{}, err
	}
	u.requests.keep(*parts)
	to, ok := u.requests.get(number)
	if !ok {
		return to, fmt.Errorf("the API returned no URL of part %d", number)
	}
	return to, nil
}

func (u *partUpload) snapshot() Upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.copied()
}

func (u *partUpload) copied() Upload {
	state := u.state
	state.Parts = slices.Clone(state.Parts)
	return state
}

// completion is the body of CompleteMultipartUpload, and completed that of its response.
type (
	completion struct {
		XMLName xml.Name `xml:"http://s3.amazonaws.com/doc/2006-03-01/ CompleteMultipartUpload"`
		Parts   []listedPart
	}
	listedPart struct {
		XMLName xml.Name `xml:"Part"`
		Number  int32    `xml:"PartNumber"`
		ETag    string
	}
	completed struct {
		XMLName xml.Name
		CRC     string `xml:"ChecksumCRC64NVME"`
		Type    string `xml:"ChecksumType"`
	}
)

// complete has S3 join the parts. The response begins with 200 before S3 knows whether it can (Amazon S3 API
// reference, CompleteMultipartUpload), so a 200 may contain an error.
func (u *partUpload) complete(ctx context.Context, whole hash.Hash) error {
	list := completion{}
	for _, have := range u.snapshot().Parts {
		list.Parts = append(list.Parts, listedPart{Number: have.Number, ETag: have.ETag})
	}
	text, err := xml.Marshal(list)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		observed, outcome := transport.Observe(ctx)
		result, err := u.completeOnce(observed, text)
		if err == nil && result.Type != "COMPOSITE" {
			return compare(result.CRC, whole)
		}
		if err == nil {
			return nil
		}
		known := new(transport.Problem)
		u.uncertain = u.uncertain || outcome.Uncertain
		switch errors.As(err, &known); {
		case known.Title == codeInternalError && try < sendTries:
			u.uncertain = true
		case known.Status == http.StatusForbidden && try < sendTries:
			if _, err := u.renew(ctx, u.count); err != nil {
				return errors.Join(known, err)
			}
		default:
			return fmt.Errorf("completing it: %w", err)
		}
	}
}

func (u *partUpload) completeOnce(ctx context.Context, text []byte) (result completed, err error) {
	response, err := u.client.sendText(ctx, u.requests.completion(), text)
	if err != nil {
		return result, err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return result, err
	}
	if err := xml.Unmarshal(bytes.TrimSpace(body), &result); err != nil || result.XMLName.Local == "Error" {
		return result, storageError(response, body)
	}
	return result, nil
}

// gone is the result of an upload that S3 no longer has: it was completed, aborted, or has expired. It is nil if the upload
// whose completion was not confirmed is the file that the API has: of its size, and as of its start or later. S3 dates an
// object by the start of its upload (user guide, "Multipart upload process").
func (u *partUpload) gone(ctx context.Context, cause error) error {
	cause = fmt.Errorf("the upload of %s is gone and cannot be resumed; start it again: %w", u.state.Key, cause)
	if !u.uncertain {
		return cause
	}
	now, err := u.client.Stat(ctx, u.state.Key)
	if err != nil {
		return errors.Join(cause, err)
	}
	if now.Size == u.state.Size && !now.Modified.Before(u.state.Started.Add(-clockSkew)) {
		return nil
	}
	return cause
}

// clockSkew allows for the clocks of S3 and of the API.
const clockSkew = 5 * time.Second
