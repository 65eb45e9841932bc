package cache

import (
	"encoding/binary"
	"math/rand/v2"
	"time"
)

// kind is the type of a value, its first byte.
type kind byte

const (
	lease   kind = 'L' // a reader is reading the source
	mark    kind = 'W' // a writer is changing the source
	present kind = 'V' // an entry with a value of the source
	missing kind = 'N' // an entry for a missing value
)

const (
	tagSize    = 1 + 16      // kind and nonce
	headerSize = tagSize + 8 // tag and end of the fresh time
)

// entry is a decoded value of the cache.
type entry struct {
	tag   []byte
	fresh time.Time // end of the fresh time
	value []byte
}

// newTag returns a unique tag.
func newTag(k kind) []byte {
	tag := make([]byte, 0, tagSize)
	tag = append(tag, byte(k))
	tag = binary.BigEndian.AppendUint64(tag, rand.Uint64())
	return binary.BigEndian.AppendUint64(tag, rand.Uint64())
}

// encode returns a new value of kind k with a new tag.
func encode(k kind, freshUntil time.Time, value []byte) []byte {
	encoded := make([]byte, 0, headerSize+len(value))
	encoded = append(encoded, newTag(k)...)
	encoded = binary.BigEndian.AppendUint64(encoded, uint64(freshUntil.UnixMilli()))
	return append(encoded, value...)
}

// decode decodes a key's value; ok is false if this package did not write it.
func decode(stored []byte) (entry, bool) {
	if len(stored) < tagSize {
		return entry{}, false
	}
	e := entry{tag: stored[:tagSize]}
	switch e.kind() {
	case lease:
		return e, len(stored) == tagSize
	case mark:
		return e, true // only the scripts read the list of marks
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
