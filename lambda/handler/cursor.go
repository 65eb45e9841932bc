package handler

import (
	"encoding/base64"

	"github.com/didomi/serverless-api/lambda/fault"
)

// cursorVersion is the first byte of a cursor, so that its format can change.
const cursorVersion = '1'

// encodeCursor returns the opaque cursor of the page after the item id.
func encodeCursor(id string) string {
	return base64.RawURLEncoding.EncodeToString(append([]byte{cursorVersion}, id...))
}

// decodeCursor returns the id before the page; without a cursor, it is empty.
func decodeCursor(cursor string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	decoded, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(decoded) == 0 || decoded[0] != cursorVersion {
		return "", errCursor()
	}
	// The decoder accepts several encodings of the same bytes; the API returns one of them.
	id := string(decoded[1:])
	if !validID(id) || encodeCursor(id) != cursor {
		return "", errCursor()
	}
	return id, nil
}

func errCursor() error {
	return fault.New(fault.Malformed, "cursor is not one that this API returned")
}
