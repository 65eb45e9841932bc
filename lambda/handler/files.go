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

// tries is how often a file is looked at that is replaced between the look
// and the read.
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

// readFile opens the file, after a look at it if the request has a condition.
// Both see one version: another one in between is ErrReplaced.
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

// opened answers with an object's body, whole or a range of it. Nothing of an empty
// one is a range: there is no Content-Range for it (RFC 9110, 14.4).
func objectResponse(object files.Object) *response {
	resp := fileResponse(object)
	resp.stream = object.Body
	if object.ContentRange != "" && object.Size > 0 {
		resp.status = http.StatusPartialContent
		resp.header.Set("Content-Range", object.ContentRange)
	}
	return resp
}

// outOfRange tells the size of the object, which S3 does not with its error. An
// empty object is sent as it is: S3 finds no range in it, but "the last n bytes"
// can be had of every object (RFC 9110, 14.1.2), and any Range may be ignored
// (14.2).
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

// elsewhere sends the client to S3 for a body that the platform cannot carry.
func (h *Handler) redirectToS3(ctx context.Context, key string, object files.Object) (*response, error) {
	// Not read to its end on purpose: closing gives the connection up.
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
	// API Gateway gives an answer without a body the length 0 and moves ours to
	// x-amzn-Remapped-Content-Length (developer guide, "Amazon API Gateway
	// important notes"), so the size has a name that gets through.
	resp.header.Set("X-File-Size", strconv.FormatInt(now.Size, 10))
	return resp, nil
}

// statFile returns what is known of a file, with the headers that it is answered with.
func (h *Handler) statFile(ctx context.Context, key string) (files.Object, error) {
	now, err := h.Files.Stat(ctx, key)
	if err != nil {
		return files.Object{}, err
	}
	now.Header = fileHeader(now.Header, h.Public)
	return now, nil
}

// checkFile evaluates the conditions of a request for a file. 304 brings the
// policy, too: it replaces that of the copy which the client has (RFC 9111, 3.2).
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

// describeFile answers with all that is known of an object but its body.
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

// forever stands for the time left of a request without a deadline.
const noDeadline = 24 * time.Hour

func timeLeft(ctx context.Context) time.Duration {
	end, ok := ctx.Deadline()
	if !ok {
		return noDeadline
	}
	return time.Until(end)
}
