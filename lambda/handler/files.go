package handler

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/files"
)

// maxTries bounds the reads of a file that is replaced between HEAD and GET.
const maxTries = 3

func (h *Handler) getFile(ctx context.Context, r *request) (resp *response, err error) {
	key, err := r.fileKey(fault.NotFound)
	if err != nil {
		return nil, err
	}
	for range maxTries {
		resp, err = h.readFile(ctx, r, key)
		if !errors.Is(err, files.ErrReplaced) {
			break
		}
	}
	return resp, err
}

// readFile opens a file. If the request has a condition, it evaluates that first. Both calls see the same version:
// a replacement in between is ErrReplaced.
func (h *Handler) readFile(ctx context.Context, r *request, key string) (*response, error) {
	rng, version := parseRange(strings.Join(r.header.Values("Range"), ",")), ""
	if r.hasConditions() {
		now, err := h.statFile(ctx, key)
		if err != nil {
			return nil, err
		}
		if resp, err := r.checkFile(now); resp != nil || err != nil {
			return resp, err
		}
		if !r.rangeApplies(representationOf(now)) {
			rng = ""
		}
		version = now.ETag
	}
	object, err := h.Files.Open(ctx, key, rng, version)
	if errors.Is(err, files.ErrRange) {
		return h.rangeNotSatisfiable(ctx, key, err)
	}
	if err != nil {
		return nil, err
	}
	object.Header = fileHeader(object.Header, h.Public)
	if !files.Streamable(object.Size, h.StreamMax, timeLeft(ctx)) {
		return h.redirectToS3(ctx, key, object)
	}
	return objectResponse(object), nil
}

// objectResponse returns a response with an object's body or a range of it. An empty object has no ranges: no
// Content-Range could describe one (RFC 9110, 14.4).
func objectResponse(object files.Object) *response {
	resp := fileResponse(object)
	resp.stream = object.Body
	if object.ContentRange != "" && object.Size > 0 {
		resp.status = http.StatusPartialContent
		resp.header.Set("Content-Range", object.ContentRange)
	}
	return resp
}

// rangeNotSatisfiable adds the size of the object, which S3's error lacks. An empty object is sent completely: S3
// finds no range in it, but "the last n bytes" exist of every object (RFC 9110, 14.1.2), and any Range may be
// ignored (14.2).
func (h *Handler) rangeNotSatisfiable(ctx context.Context, key string, cause error) (*response, error) {
	now, err := h.statFile(ctx, key)
	if err != nil {
		return nil, err
	}
	if now.Size == 0 {
		now.Body = http.NoBody
		return objectResponse(now), nil
	}
	header := http.Header{
		"Content-Range": {"bytes */" + strconv.FormatInt(now.Size, 10)},
		"Accept-Ranges": {"bytes"},
	}
	return &response{header: header}, cause
}

// redirectToS3 redirects the client to S3 for a body that cannot be streamed.
func (h *Handler) redirectToS3(ctx context.Context, key string, object files.Object) (*response, error) {
	// The rest is not read on purpose: closing drops the connection.
	_ = object.Body.Close()
	object.Header.Set("Cache-Control", h.privateDirectives(object.Header.Get("Cache-Control")))
	link, err := h.Files.Link(ctx, key, object.Header)
	if err != nil {
		return nil, err
	}
	resp := newResponse(http.StatusTemporaryRedirect)
	resp.header.Set("Location", link)
	resp.header.Set("Cache-Control", "no-store")
	return resp, nil
}

func (h *Handler) headFile(ctx context.Context, r *request) (*response, error) {
	key, err := r.fileKey(fault.NotFound)
	if err != nil {
		return nil, err
	}
	now, err := h.statFile(ctx, key)
	if err != nil {
		return nil, err
	}
	if resp, err := r.checkFile(now); resp != nil || err != nil {
		return resp, err
	}
	resp := fileResponse(now)
	// API Gateway sets Content-Length to 0 if a response has no body, and moves the function's value to
	// x-amzn-Remapped-Content-Length (developer guide, "Amazon API Gateway important notes"). So the size has
	// its own header.
	resp.header.Set("X-File-Size", strconv.FormatInt(now.Size, 10))
	return resp, nil
}

// statFile returns a file's metadata with its response headers.
func (h *Handler) statFile(ctx context.Context, key string) (files.Object, error) {
	now, err := h.Files.Stat(ctx, key)
	if err != nil {
		return files.Object{}, err
	}
	now.Header = fileHeader(now.Header, h.Public)
	return now, nil
}

// checkFile evaluates the conditions of a request for a file. 304 also has the policy, which replaces the one in
// the client's copy (RFC 9111, 3.2).
func (r *request) checkFile(now files.Object) (*response, error) {
	resp, err := r.checkConditions(representationOf(now))
	if resp != nil {
		resp.header.Set("Content-Security-Policy", now.Header.Get("Content-Security-Policy"))
	}
	return resp, err
}

func representationOf(object files.Object) representation {
	return representation{etag: object.ETag, modified: object.Modified, cacheControl: object.Header.Get("Cache-Control")}
}

// fileResponse returns a response with an object's metadata.
func fileResponse(object files.Object) *response {
	resp := newResponse(http.StatusOK)
	for name, values := range object.Header {
		resp.header[name] = values
	}
	representationOf(object).setHeaders(resp.header)
	resp.header.Set("Accept-Ranges", "bytes")
	resp.header.Set("Content-Length", strconv.FormatInt(object.Size, 10))
	return resp
}

// noDeadline is the remaining time of a request without a deadline.
const noDeadline = 24 * time.Hour

func timeLeft(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return noDeadline
	}
	return time.Until(end)
}
