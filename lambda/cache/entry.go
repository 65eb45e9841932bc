package cache

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// kind is the first byte of everything in the cache.
type kind byte

const (
	lease   kind = 'L' // a reader is asking the source
	mark    kind = 'W' // a writer is changing the source
	present kind = 'V' // what the source had
	missing kind = 'N' // the source had nothing
)

const (
	tagSize    = 1 + 16      // kind and nonce
	headerSize = tagSize + 8 // and the end of the fresh time
)

// entry is a value of the cache, read.
type entry struct {
	tag   []byte
	fresh time.Time // until then
	value []byte
}

// newTag returns a tag that no other value ever had or will have.
func newTag(k kind) []byte {
	tag := make([]byte, 0, tagSize)
	tag = append(tag, byte(k))
	tag = binary.BigEndian.AppendUint64(tag, rand.Uint64())
	return binary.BigEndian.AppendUint64(tag, rand.Uint64())
}

// encode returns a new value of kind k with a tag of its own.
func encode(k kind, freshUntil time.Time, value []byte) []byte {
	encoded := make([]byte, 0, headerSize+len(value))
	encoded = append(encoded, newTag(k)...)
	encoded = binary.BigEndian.AppendUint64(encoded, uint64(freshUntil.UnixMilli()))
	return append(encoded, value...)
}

// decode reads what a key held; ok is false for what is none of ours.
func decode(stored []byte) (entry, bool) {
	if len(stored) < tagSize {
		return entry{}, false
	}
	e := entry{tag: stored[:tagSize]}
	switch e.kind() {
	case lease:
		return e, len(stored) == tagSize
	case mark:
		return e, true // what follows is for writes
	case present, missing:
		if len(stored) < headerSize {
			return entry{}, false
		}
		e.fresh = time.UnixMilli(int64(binary.BigEndian.Uint64(stored[tagSize:headerSize])))
		e.value = stored[headerSize:]
		return e, true
	default:
		return entry{}, false
	}
}

func (e entry) kind() kind { return kind(e.tag[0]) }
