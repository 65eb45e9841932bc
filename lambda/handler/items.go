package handler

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/strictjson"
)

const (
	maxItemBytes = 256 << 10 // bytes of an item's body
	defaultLimit = 20
	maxLimit     = 100
	// maxPageBytes bounds the bodies of a page. A buffered response of Lambda has at most 6 MB (AWS Lambda quotas,
	// "invocation payload"), and JSON inside a JSON string takes up to twice its length.
	maxPageBytes = 2 << 20
)

func etagOf(item store.Item) string { return `"` + item.Revision + `"` }

func (h *Handler) getItem(ctx context.Context, r *request) (*response, error) {
	id, err := r.itemID(fault.NotFound)
	if err != nil {
		return nil, err
	}
	item, status, err := h.Items.Get(ctx, id)
	if err == nil {
		resp, err := r.showItem(item)
		resp.header.Set("X-Cache", string(status))
		return resp, err
	}
	resp := newResponse(0)
	if status != "" {
		resp.header.Set("X-Cache", string(status))
	}
	return resp, err
}

// showItem returns a response with the item, or 304. The response is never nil.
func (r *request) showItem(item store.Item) (*response, error) {
	resp, err := r.checkConditions(representation{etag: etagOf(item)})
	if resp == nil && err == nil {
		resp = itemResponse(http.StatusOK, item)
	}
	if err != nil {
		return newResponse(0), err
	}
	resp.header.Set("ETag", etagOf(item))
	resp.header.Set("Cache-Control", revalidate)
	return resp, nil
}

func (h *Handler) listItems(ctx context.Context, r *request) (*response, error) {
	limit, after, err := r.page()
	if err != nil {
		return nil, err
	}
	page, err := h.Items.List(ctx, after, limit, maxPageBytes)
	if err != nil {
		return nil, err
	}
	resp := pageResponse(page)
	resp.header.Set("X-Cache", string(cache.Bypass))
	resp.header.Set("Cache-Control", revalidate)
	return resp, nil
}

// page returns the parameters of a list. One without a value is invalid: a client that lost its cursor would otherwise
// read the first page again.
func (r *request) page() (limit int, after string, err error) {
	limit = defaultLimit
	if value, ok := r.query.Lookup("limit"); ok {
		limit, err = strconv.Atoi(value)
		if err != nil || limit < 1 || limit > maxLimit {
			return 0, "", fault.New(fault.Malformed, "limit must be an integer from 1 to %d", maxLimit)
		}
	}
	if cursor, ok := r.query.Lookup("cursor"); ok {
		after, err = decodeCursor(cursor)
	}
	return limit, after, err
}

// putItem sets no Location: the created resource is at the request's own URL (RFC 9110, 15.3.2), whose stage or base
// path the function does not know.
func (h *Handler) putItem(ctx context.Context, r *request) (*response, error) {
	id, err := r.itemID(fault.Invalid)
	if err != nil {
		return nil, err
	}
	body, err := r.json(maxItemBytes)
	if err != nil {
		return nil, err
	}
	item, created, err := h.Items.Put(ctx, id, body, r.condition())
	if err != nil {
		return nil, err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	resp := itemResponse(status, item)
	resp.header.Set("ETag", etagOf(item))
	return resp, nil
}

func (h *Handler) deleteItem(ctx context.Context, r *request) (*response, error) {
	id, err := r.itemID(fault.NotFound)
	if err != nil {
		return nil, err
	}
	if err := h.Items.Delete(ctx, id, r.condition()); err != nil {
		return nil, err
	}
	return newResponse(http.StatusNoContent), nil
}

// json returns the request's body if it is JSON of at most limit bytes.
func (r *request) json(limit int) (json.RawMessage, error) {
	mediaType, parameters, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json") {
		return nil, fault.New(fault.MediaType, "the body must be sent as application/json")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, fault.New(fault.MediaType, "JSON must be sent in UTF-8")
	}
	body, err := r.body(limit)
	if err != nil {
		return nil, err
	}
	// API Gateway passes a body as text, with U+FFFD for bytes that are not UTF-8, unless the body's type is among
	// its binary media types.
	var wrong *strictjson.Error
	switch err := strictjson.Check(string(body), !r.isBase64); {
	case err == nil:
		return body, nil
	case errors.As(err, &wrong) && wrong.Limit:
		return nil, fault.New(fault.Invalid, "the body is JSON that not every client can read: %s", err)
	default:
		return nil, fault.New(fault.Invalid, "the body is not a JSON text in UTF-8: %s", err)
	}
}
