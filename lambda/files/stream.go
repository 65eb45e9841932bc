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
)

// How far and how hard a body is read ahead of its reader. readPart times
// readAhead + 1 is the memory that a body takes, whatever its length.
const (
	readPart  = 2 << 20 // bytes of one ranged read
	readAhead = 3       // parts under way or waiting behind the one that is consumed
	// partTime bounds one try of a part: at 2 MB in it a connection to S3 is a
	// thousand times slower than it should be, and another one is better.
	partTime = 10 * time.Second
	// readRetries is how many tries a whole body may cost beyond one for each
	// part; the SDK has retried by itself before, where S3 did not answer at all.
	readRetries = 5
	retryPause  = 200 * time.Millisecond // at most; chance takes a part of it away
)

// ErrDamaged is the cause when what was read has another checksum than the
// object was stored with.
var ErrDamaged = errors.New("the bytes read do not have the object's checksum")

// body reads one version of an object, in order. The first bytes come from
// the answer that told of the object, so that they come early; the rest comes
// in parts, some of them read before they are asked for. A part that breaks
// off is read again. Another version of the object ends the body with the
// cause ErrReplaced: versions are never mixed.
//
// Read is for one goroutine; Close may come from another.
type body struct {
	ctx    context.Context
	cancel context.CancelFunc
	open   func(ctx context.Context, from, to int64) (io.ReadCloser, error) // bytes from..to-1
	sum    checksum

	lead    io.ReadCloser
	leadEnd int64 // up to where lead is read
	begun   bool  // the reader has its first bytes
	at, end int64 // the next byte to hand out, and the one after the last
	asked   int64 // the first byte that no part is asked for
	parts   []chan fetched
	current []byte // the part that is consumed, whole
	rest    []byte // what is left of it
	spare   [][]byte
	retries atomic.Int32
	broken  error // what a read has failed with, and every later one does
}

// fetched is a part, or what came instead.
type fetched struct {
	bytes []byte
	err   error
}

// stream returns the body of an object whose bytes from start on, size of
// them, are what answer gives; cancel ends ctx. A checksum is known for a whole
// object only.
func (b *Bucket) stream(ctx context.Context, cancel context.CancelFunc, in s3.GetObjectInput, answer *s3.GetObjectOutput) io.ReadCloser {
	start, size := firstByte(aws.ToString(answer.ContentRange)), aws.ToInt64(answer.ContentLength)
	r := &body{ctx: ctx, cancel: cancel, lead: answer.Body, at: start, end: start + size, leadEnd: start + readPart}
	if size <= 2*readPart {
		r.leadEnd = r.end
	}
	r.asked = r.leadEnd
	if in.Range == nil {
		r.sum = newChecksum(answer)
	}
	in.IfMatch = answer.ETag
	r.open = func(ctx context.Context, from, to int64) (io.ReadCloser, error) {
		in := in
		rng := strconv.FormatInt(from, 10) + "-" + strconv.FormatInt(to-1, 10)
		in.Range = aws.String("bytes=" + rng)
		out, err := b.client().GetObject(ctx, &in)
		if err != nil {
			return nil, classify("reading a part of an object", err)
		}
		if got := aws.ToString(out.ContentRange); !strings.HasPrefix(got, "bytes "+rng+"/") {
			_ = out.Body.Close()
			return nil, fault.Broken("reading a part of an object", errors.New("asked for bytes "+rng+", got "+got))
		}
		return out.Body, nil
	}
	return r
}

// Read implements io.Reader. A body that turns out to be damaged lacks at
// least its last byte, so that nobody takes it for whole.
func (b *body) Read(p []byte) (int, error) {
	if b.broken != nil {
		return 0, b.broken
	}
	if b.at == b.end {
		return 0, io.EOF
	}
	n, err := b.next(p)
	b.at += int64(n)
	b.sum.add(p[:n])
	if b.at == b.end && !b.sum.holds() {
		n, err = 0, fault.Broken("reading an object", ErrDamaged)
	}
	b.broken = err
	return n, err
}

// Close implements io.Closer; it ends every read that is under way.
func (b *body) Close() error {
	b.cancel()
	return b.lead.Close()
}

// next hands out what is there, and asks for parts while there is room, once
// the reader has its first bytes.
func (b *body) next(p []byte) (int, error) {
	for b.begun && len(b.parts) < readAhead && b.asked < b.end {
		to := min(b.asked+readPart, b.end)
		b.parts = append(b.parts, b.fetch(b.asked, to))
		b.asked = to
	}
	if b.at < b.leadEnd {
		n, err := b.lead.Read(p[:min(int64(len(p)), b.leadEnd-b.at)])
		if n > 0 {
			b.begun = true
			return n, nil
		}
		return 0, b.resume(err)
	}
	if len(b.rest) == 0 {
		if err := b.turn(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// resume goes on with a part where the first answer broke off.
func (b *body) resume(cause error) error {
	if cause == nil {
		return nil
	}
	if b.ctx.Err() != nil || b.retries.Add(1) > readRetries {
		return fault.Down(fault.Files, cause)
	}
	b.begun = true
	b.parts = append([]chan fetched{b.fetch(b.at, b.leadEnd)}, b.parts...)
	b.leadEnd = b.at
	return nil
}

// turn takes the next part, whose place another one may have then.
func (b *body) turn() error {
	if b.current == nil {
		// The answer that told of the object has done its work. It is not read
		// to its end on purpose: closing gives its connection up.
		_ = b.lead.Close()
	} else if len(b.current) == readPart {
		b.spare = append(b.spare, b.current)
	}
	b.current = nil
	if len(b.parts) == 0 {
		return fault.Broken("reading an object", io.ErrUnexpectedEOF)
	}
	select {
	case got := <-b.parts[0]:
		b.parts = b.parts[1:]
		if got.err != nil {
			return got.err
		}
		b.current, b.rest = got.bytes, got.bytes
		return nil
	case <-b.ctx.Done():
		return fault.Down(fault.Files, b.ctx.Err())
	}
}

// fetch starts to read the bytes from..to-1.
func (b *body) fetch(from, to int64) chan fetched {
	var buffer []byte
	if last := len(b.spare) - 1; last >= 0 && to-from <= readPart {
		buffer, b.spare = b.spare[last][:to-from], b.spare[:last]
	} else {
		buffer = make([]byte, to-from)
	}
	done := make(chan fetched, 1)
	go func() {
		err := b.fill(buffer, from)
		done <- fetched{buffer, err}
	}()
	return done
}

// fill reads one part, again if that may help and the body has tries left.
func (b *body) fill(buffer []byte, from int64) error {
	for {
		err := b.tryFill(buffer, from)
		lasting := fault.KindOf(err) != fault.Unavailable || errors.Is(err, ErrReplaced)
		if err == nil || lasting || b.ctx.Err() != nil || b.retries.Add(1) > readRetries {
			return err
		}
		select {
		case <-time.After(time.Duration(rand.Int64N(int64(retryPause)))):
		case <-b.ctx.Done():
			return err
		}
	}
}

func (b *body) tryFill(buffer []byte, from int64) error {
	ctx, cancel := context.WithTimeout(b.ctx, partTime)
	defer cancel()
	content, err := b.open(ctx, from, from+int64(len(buffer)))
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }()
	if _, err := io.ReadFull(content, buffer); err != nil {
		return fault.Down(fault.Files, err)
	}
	return nil
}

// firstByte returns where a Content-Range begins; 0 if there is none.
func firstByte(contentRange string) int64 {
	rng, _ := strings.CutPrefix(contentRange, "bytes ")
	first, _, _ := strings.Cut(rng, "-")
	at, err := strconv.ParseInt(first, 10, 64)
	if err != nil {
		return 0
	}
	return at
}
