package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"reflect"

	"github.com/didomi/serverless-api/client/api"
	"github.com/didomi/serverless-api/client/transport"
)

// Item is an item with its version.
type Item struct {
	api.Item
	// ETag names the version, for IfUnchanged and ItemIfChanged.
	ETag string
}

// Decode decodes the item's body.
func (i Item) Decode(into any) error { return json.Unmarshal(i.Body, into) }

// Item reads an item. A missing one is transport.ErrNotFound.
func (c *Client) Item(ctx context.Context, id string) (Item, error) {
	response, err := c.api.GetItem(ctx, id, nil)
	return decodeItem(response, err, http.StatusOK)
}

// ItemIfChanged reads an item of which the caller has the version etag; changed is false when that is the current one.
func (c *Client) ItemIfChanged(ctx context.Context, id, etag string) (item Item, changed bool, err error) {
	response, err := c.api.GetItem(ctx, id, &api.GetItemParams{IfNoneMatch: &etag})
	if err == nil && response.StatusCode == http.StatusNotModified {
		return Item{}, false, response.Body.Close()
	}
	item, err = decodeItem(response, err, http.StatusOK)
	return item, err == nil, err
}

// Condition is of a write, which fails with transport.ErrPrecondition and changes nothing if it does not hold.
type Condition struct{ ifMatch, ifNoneMatch *string }

// IfUnchanged holds while the item has the version etag.
func IfUnchanged(etag string) Condition { return Condition{ifMatch: &etag} }

// IfAbsent holds while there is no such item.
func IfAbsent() Condition { return Condition{ifNoneMatch: optional("*")} }

// Always holds. Such a write may replace another client's, also late: a request whose response was lost may still be
// on its way when it is sent again.
func Always() Condition { return Condition{} }

// check rejects a version without a name: an empty header may be dropped on its way, and with it the condition.
func (c Condition) check() error {
	if c.ifMatch != nil && *c.ifMatch == "" {
		return errors.New("IfUnchanged: the ETag is empty; use that of an Item, or Always")
	}
	return nil
}

// PutItem creates or replaces an item with body, as JSON; a json.RawMessage is sent as it is.
//
// A response may be lost, so that the next try fails on the change that the lost one made. PutItem therefore reads the
// item before it reports such a failure, and returns the item if it has this body. Another client that has written the
// same body meanwhile cannot be distinguished from this one: give bodies that claim something, such as a lock, a value
// of their own.
func (c *Client) PutItem(ctx context.Context, id string, body any, condition Condition) (Item, error) {
	text, err := encode(body)
	if err := errors.Join(err, condition.check()); err != nil {
		return Item{}, err
	}
	observed, outcome := transport.Observe(ctx)
	params := &api.PutItemParams{IfMatch: condition.ifMatch, IfNoneMatch: condition.ifNoneMatch}
	response, err := c.api.PutItemWithBody(observed, id, params, "application/json", bytes.NewReader(text))
	item, err := decodeItem(response, err, http.StatusOK, http.StatusCreated)
	if !outcome.Uncertain || !errors.Is(err, transport.ErrPrecondition) {
		return item, err
	}
	now, readErr := c.Item(ctx, id)
	if readErr == nil && equalJSON(now.Body, text) {
		return now, nil
	}
	return Item{}, errors.Join(err, readErr)
}

// encode is json.Marshal, which would drop the white space of what is JSON already.
func encode(body any) ([]byte, error) {
	if raw, ok := body.(json.RawMessage); ok {
		return raw, nil
	}
	return json.Marshal(body)
}

// DeleteItem deletes an item. A missing item is transport.ErrNotFound, except after a try whose response was lost: then
// the item is deleted, as wanted.
func (c *Client) DeleteItem(ctx context.Context, id string, condition Condition) error {
	if err := condition.check(); err != nil {
		return err
	}
	observed, outcome := transport.Observe(ctx)
	params := &api.DeleteItemParams{IfMatch: condition.ifMatch, IfNoneMatch: condition.ifNoneMatch}
	response, err := c.api.DeleteItem(observed, id, params)
	_, err = decode(response, err, nil, http.StatusNoContent)
	if outcome.Uncertain && errors.Is(err, transport.ErrNotFound) {
		return nil
	}
	return err
}

// Items lists all items in the order of their ids, a page of limit (1 to 100; 0: the API's default) at a time. It ends
// after an error. Pages are read as they are needed: an item that changes meanwhile may be listed in either state.
func (c *Client) Items(ctx context.Context, limit int) iter.Seq2[api.Item, error] {
	return func(yield func(api.Item, error) bool) {
		params := &api.ListItemsParams{Limit: optional(limit)}
		for {
			var page api.Page
			response, err := c.api.ListItems(ctx, params)
			if _, err := decode(response, err, &page, http.StatusOK); err != nil {
				yield(api.Item{}, err)
				return
			}
			for _, item := range page.Items {
				if !yield(item, nil) {
					return
				}
			}
			if page.NextCursor == nil {
				return
			}
			params.Cursor = page.NextCursor
		}
	}
}

func decodeItem(response *http.Response, err error, statuses ...int) (Item, error) {
	var item Item
	header, err := decode(response, err, &item.Item, statuses...)
	item.ETag = header.Get("ETag")
	return item, err
}

// equalJSON reports whether two JSON texts have the same value. Numbers are compared as they are written, which the
// API keeps.
func equalJSON(a, b []byte) bool {
	var values [2]any
	for i, text := range [][]byte{a, b} {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		if decoder.Decode(&values[i]) != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
