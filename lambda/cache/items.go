package cache

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/store"
)

// ItemStore is the source of items; *store.Store implements it.
type ItemStore interface {
	Get(ctx context.Context, id string) (store.Item, error)
	List(ctx context.Context, after string, limit, maxBytes int) (store.Page, error)
	Put(ctx context.Context, id string, body json.RawMessage, condition store.Condition) (store.Item, bool, error)
	Delete(ctx context.Context, id string, condition store.Condition) error
}

// Items reads items through a cache; lists and writes use the source.
type Items struct {
	source ItemStore
	cache  *Cache
	prefix string // of the keys
}

// NewItems returns Items of source with a cache. Sources with different items have different generations, since they share
// no entry; the first one has none.
func NewItems(source ItemStore, cache *Cache, generation string) *Items {
	return &Items{source: source, cache: cache, prefix: keyPrefix(generation)}
}

// Get returns an item and where it came from. A missing item is an error of kind NotFound, which may be cached too.
func (i *Items) Get(ctx context.Context, id string) (store.Item, Status, error) {
	result, err := i.cache.Get(ctx, i.key(id), func(ctx context.Context) ([]byte, bool, error) {
		item, err := i.source.Get(ctx, id)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			return nil, false, nil
		}
		return encodeItem(item), true, err
	})
	if err != nil {
		return store.Item{}, result.Status, err
	}
	if !result.Found {
		return store.Item{}, result.Status, fault.New(fault.NotFound, "there is no such item")
	}
	item, err := decodeItem(id, result.Value)
	return item, result.Status, err
}

// List returns a page from the source.
func (i *Items) List(ctx context.Context, after string, limit, maxBytes int) (store.Page, error) {
	return i.source.List(ctx, after, limit, maxBytes)
}

// Put writes an item and reports whether it is new.
func (i *Items) Put(ctx context.Context, id string, body json.RawMessage, condition store.Condition) (item store.Item, created bool, err error) {
	i.cache.Write(ctx, i.key(id), func(ctx context.Context) Outcome {
		item, created, err = i.source.Put(ctx, id, body, condition)
		return outcomeOf(err)
	})
	return item, created, err
}

// Delete removes an item.
func (i *Items) Delete(ctx context.Context, id string, condition store.Condition) (err error) {
	i.cache.Write(ctx, i.key(id), func(ctx context.Context) Outcome {
		err = i.source.Delete(ctx, id, condition)
		return outcomeOf(err)
	})
	return err
}

// outcomeOf returns the outcome of a write with an error. That the item is missing, or in another state than the condition
// names, is what the database found: if the condition came from a cached entry, that entry is wrong.
func outcomeOf(err error) Outcome {
	switch kind := fault.KindOf(err); {
	case err == nil:
		return Changed
	case kind == fault.NotFound, kind == fault.Precondition:
		return Disproved
	case store.NotApplied(err):
		return Unchanged
	default:
		return Unknown
	}
}

// keyPrefix contains the version of the encoding below and the generation, if there is one.
func keyPrefix(generation string) string {
	if generation == "" {
		return "item:1:"
	}
	return "item:1:" + generation + ":"
}

// key has the id as its hash tag, so that a cluster has all keys of an item on one node.
func (i *Items) key(id string) string { return i.prefix + "{" + id + "}" }

// encodeItem encodes time (8 bytes, microseconds), length of the revision (1 byte), revision and body.
func encodeItem(item store.Item) []byte {
	encoded := make([]byte, 0, 8+1+len(item.Revision)+len(item.Body))
	encoded = binary.BigEndian.AppendUint64(encoded, uint64(item.UpdatedAt.UnixMicro()))
	encoded = append(encoded, byte(len(item.Revision)))
	encoded = append(encoded, item.Revision...)
	return append(encoded, item.Body...)
}

var errMalformedItem = errors.New("the value is not an encoded item")

func decodeItem(id string, encoded []byte) (store.Item, error) {
	if len(encoded) < 9 || len(encoded) < 9+int(encoded[8]) {
		return store.Item{}, fault.NewInternal("decoding a cached item", errMalformedItem)
	}
	end := 9 + int(encoded[8])
	return store.Item{
		ID:        id,
		Revision:  string(encoded[9:end]),
		Body:      encoded[end:],
		UpdatedAt: time.UnixMicro(int64(binary.BigEndian.Uint64(encoded))).UTC(),
	}, nil
}
