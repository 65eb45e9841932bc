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
	maxItem      = 256 << 10 // bytes of an item's body
	defaultLimit = 20
	maxLimit     = 100
	// maxPage is the bytes of a page's bodies. A buffered answer of Lambda
	// has at most 6 MB (AWS Lambda quotas, "invocation payload"), in which
	// JSON inside a JSON string takes up to twice its length.
	maxPage = 2 << 20
)

func tagOf(item store.Item) string { return `"` + item.Revision + `"` }

func (h *Handler) getItem(ctx context.Context, r *request) (*response, error) {
	id, err := r.itemID(fault.NotFound)
	if err != nil {
		return nil, err
	}
	item, status, err := h.Items.Get(ctx, id)
	if err == nil {
		answer, err := r.showItem(item)
		answer.header.Set("X-Cache", string(status))
		return answer, err
	}
	answer := newResponse(0)
	if status != "" {
		answer.header.Set("X-Cache", string(status))
	}
	return answer, err
}

// showItem answers with the item, or says that the client has it. The answer
// is never nil.
func (r *request) showItem(item store.Item) (*response, error) {
	answer, err := r.check(representation{etag: tagOf(item)})
	if answer == nil && err == nil {
		answer = itemResponse(http.StatusOK, item)
	}
	if err != nil {
		return newResponse(0), err
	}
	answer.header.Set("ETag", tagOf(item))
	answer.header.Set("Cache-Control", unlessChanged)
	return answer, nil
}

func (h *Handler) listItems(ctx context.Context, r *request) (*response, error) {
	limit, err := parseLimit(r.query.Get("limit"))
	if err != nil {
		return nil, err
	}
	after, err := decodeCursor(r.query.Get("cursor"))
	if err != nil {
		return nil, err
	}
	page, err := h.Items.List(ctx, after, limit, maxPage)
	if err != nil {
		return nil, err
	}
	answer := pageResponse(page)
	answer.header.Set("X-Cache", string(cache.Bypass))
	answer.header.Set("Cache-Control", unlessChanged)
	return answer, nil
}

func parseLimit(value string) (int, error) {
	if value == "" {
		return defaultLimit, nil
	}
	limit, err := strconv.Atoi(value)
	if err != nil || limit < 1 || limit > maxLimit {
		return 0, fault.New(fault.Malformed, "limit is a whole number from 1 to %d", maxLimit)
	}
	return limit, nil
}

// putItem names no Location: what it creates is at the request's own address
// (RFC 9110, 15.3.2), whose stage or base path the function need not know.
func (h *Handler) putItem(ctx context.Context, r *request) (*response, error) {
	id, err := r.itemID(fault.Invalid)
	if err != nil {
		return nil, err
	}
	body, err := r.json(maxItem)
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
	answer := itemResponse(status, item)
	answer.header.Set("ETag", tagOf(item))
	return answer, nil
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

// json returns the request's body if it is a JSON text of at most limit bytes.
func (r *request) json(limit int) (json.RawMessage, error) {
	mediaType, parameters, err := mime.ParseMediaType(r.header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json") {
		return nil, fault.New(fault.MediaType, "the body must be sent as application/json")
	}
	if charset := parameters["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") {
		return nil, fault.New(fault.MediaType, "JSON is sent in UTF-8")
	}
	body, err := r.body(limit)
	if err != nil {
		return nil, err
	}
	// API Gateway hands a body on as text, with U+FFFD for what is not UTF-8, unless
	// it has the body's type among its binary media types.
	var wrong *strictjson.Error
	switch err := strictjson.Check(string(body), !r.encoded); {
	case err == nil:
		return body, nil
	case errors.As(err, &wrong) && wrong.Limit:
		return nil, fault.New(fault.Invalid, "the body is JSON that not every client can read: %s", err)
	default:
		return nil, fault.New(fault.Invalid, "the body is not a JSON text in UTF-8: %s", err)
	}
}
