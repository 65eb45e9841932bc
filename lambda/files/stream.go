package files

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/internal/limit"
)

// Read-ahead and retries. chunkSize times maxChunksAhead + 1 is the memory that a body takes, whatever its length.
const (
	chunkSize      = 2 << 20 // bytes of one ranged read
	maxChunksAhead = 3       // chunks in flight or waiting behind the one that is consumed
	// chunkTimeout bounds one try of a chunk: a connection to S3 that needs it for 2 MB is a thousand times slower than it should
	// be, and another one is better.
	chunkTimeout = 10 * time.Second
	// maxReadRetries bounds the retries of a body, all of its chunks together; the SDK has retried before, where S3 sent no
	// response at all.
	maxReadRetries = 5
	maxRetryDelay  = 200 * time.Millisecond // a random delay up to this
)

// ErrDamaged is the cause if the checksum of what was read differs from the stored one.
var ErrDamaged = errors.New("the bytes read do not have the object's checksum")

// objectReader reads one version of an object in order. The first bytes come from the response that had the metadata, so that they
// are early; the rest is read in chunks, some of them ahead. An interrupted chunk is read again. Another version of the object ends
// the body with the cause ErrReplaced: versions are never mixed.
//
// Read must be called by one goroutine; Close may be called by another.
type objectReader struct {
	ctx    context.Context
	cancel context.CancelFunc
	open   func(ctx context.Context, from, to int64) (io.ReadCloser, error) // bytes from..to-1
	sum    checksum

	first     io.ReadCloser
	firstEnd  int64 // up to where first is read
	started   bool  // the reader has its first bytes
	at, end   int64 // the next byte to return, and the one after the last
	requested int64 // the first byte that is not yet requested
	chunks    []chan chunk
	current   []byte   // the chunk that is consumed
	rest      []byte   // the unread rest of it
	buffers   [][]byte // to be reused
	retries   atomic.Int32
	failed    error // the result of a failed read and of every later one
}

// chunk is the result of reading a chunk.
type chunk struct {
	bytes []byte
	err   error
}

// stream returns the body of an object, given the first response; cancel ends ctx. Only complete objects have a checksum.
func (b *Bucket) stream(ctx context.Context, cancel context.CancelFunc, in s3.GetObjectInput, response *s3.GetObjectOutput) io.ReadCloser {
	start, size := rangeStart(aws.ToString(response.ContentRange)), aws.ToInt64(response.ContentLength)
	r := &objectReader{ctx: ctx, cancel: cancel, first: response.Body, at: start, end: start + size, firstEnd: start + chunkSize}
	if size <= 2*chunkSize {
		r.firstEnd = r.end
	}
	r.requested = r.firstEnd
	if in.Range == nil {
		r.sum = newChecksum(response)
	}
	in.IfMatch = response.ETag
	r.open = func(ctx context.Context, from, to int64) (io.ReadCloser, error) {
		in := in
		rng := strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to-1, 10)
		in.Range = aws.String("bytes=" + rng)
		out, err := b.client().GetObject(ctx, &in)
		if err != nil {
			return nil, classify("reading a range of an object", err)
		}
		if got := aws.ToString(out.ContentRange); !strings.HasPrefix(got, "bytes "+rng+"/") {
			_ = out.Body.Close()
			return nil, fault.NewInternal("reading a range of an object", errors.New("requested bytes "+rng+", got "+got))
		}
		return out.Body, nil
	}
	return r
}

// Read implements io.Reader. A damaged body lacks at least its last byte, so that it is never taken for complete.
func (b *objectReader) Read(p []byte) (int, error) {
	if b.failed != nil {
		return 0, b.failed
	}
	if b.at == b.end {
		return 0, io.EOF
	}
	n, err := b.readNext(p)
	b.at += int64(n)
	b.sum.add(p[:n])
	if b.at == b.end && !b.sum.matches() {
		n, err = 0, fault.NewInternal("reading an object", ErrDamaged)
	}
	b.failed = err
	return n, err
}

// Close implements io.Closer; it ends all reads.
func (b *objectReader) Close() error {
	b.cancel()
	return b.first.Close()
}

// readNext returns available bytes. Once the reader has its first bytes, it requests chunks up to the window.
func (b *objectReader) readNext(p []byte) (int, error) {
	for b.started && len(b.chunks) < maxChunksAhead && b.requested < b.end {
		to := min(b.requested+chunkSize, b.end)
		b.chunks = append(b.chunks, b.fetchChunk(b.requested, to))
		b.requested = to
	}
	if b.at < b.firstEnd {
		n, err := b.first.Read(p[:min(int64(len(p)), b.firstEnd-b.at)])
		if n > 0 {
			b.started = true
			return n, nil
		}
		return 0, b.resumeFirst(err)
	}
	if len(b.rest) == 0 {
		if err := b.nextChunk(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// resumeFirst continues with a chunk where the first response was interrupted.
func (b *objectReader) resumeFirst(cause error) error {
	if cause == nil {
		return nil
	}
	if b.ctx.Err() != nil || b.retries.Add(1) > maxReadRetries {
		return fault.NewUnavailable(fault.Files, cause)
	}
	b.started = true
	b.chunks = append([]chan chunk{b.fetchChunk(b.at, b.firstEnd)}, b.chunks...)
	b.firstEnd = b.at
	return nil
}

// nextChunk takes the next chunk and reuses the buffer of the current one.
func (b *objectReader) nextChunk() error {
	if b.current == nil {
		// The first response has been used up. It is not read to its end on purpose: closing drops the connection.
		_ = b.first.Close()
	} else if len(b.current) == chunkSize {
		b.buffers = append(b.buffers, b.current)
	}
	b.current = nil
	if len(b.chunks) == 0 {
		return fault.NewInternal("reading an object", io.ErrUnexpectedEOF)
	}
	select {
	case got := <-b.chunks[0]:
		b.chunks = b.chunks[1:]
		if got.err != nil {
			return got.err
		}
		b.current, b.rest = got.bytes, got.bytes
		return nil
	case <-b.ctx.Done():
		return fault.NewUnavailable(fault.Files, b.ctx.Err())
	}
}

// fetchChunk starts to read the bytes from..to-1.
func (b *objectReader) fetchChunk(from, to int64) chan chunk {
	var buffer []byte
	if last := len(b.buffers) - 1; last >= 0 && to-from <= chunkSize {
		buffer, b.buffers = b.buffers[last][:to-from], b.buffers[:last]
	} else {
		buffer = make([]byte, to-from)
	}
	done := make(chan chunk, 1)
	go func() {
		err := b.fetchWithRetries(buffer, from)
		done <- chunk{buffer, err}
	}()
	return done
}

// fetchWithRetries reads a chunk, with retries if they may help and are left.
func (b *objectReader) fetchWithRetries(buffer []byte, from int64) error {
	for {
		err := b.fetchOnce(buffer, from)
		lasting := fault.KindOf(err) != fault.Unavailable || errors.Is(err, ErrReplaced)
		if err == nil || lasting || b.ctx.Err() != nil || b.retries.Add(1) > maxReadRetries {
			return err
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(maxRetryDelay)))):
		case <-b.ctx.Done():
			return err
		}
	}
}

func (b *objectReader) fetchOnce(buffer []byte, from int64) error {
	ctx, cancel := context.WithTimeout(b.ctx, limit.Of(chunkTimeout))
	defer cancel()
	content, err := b.open(ctx, from, from+int64(len(buffer)))
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	if _, err := io.ReadFull(content, buffer); err != nil {
		return fault.NewUnavailable(fault.Files, err)
	}
	return nil
}

// rangeStart returns the start of a Content-Range, or 0 if there is none.
func rangeStart(contentRange string) int64 {
	rng, _ := strings.CutPrefix(contentRange, "bytes ")
	first, _, _ := strings.Cut(rng, "-")
	at, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0
	}
	return at
}
