package handler

import (
	"strings"

	"github.com/didomi/serverless-api/lambda/fault"
)

// cursorVersion begins a cursor, so that its format can change. An id follows it, so that the API's contract can have a
// pattern that exactly the valid cursors match.
const cursorVersion = "1"

// encodeCursor returns the cursor of the page after the item id.
func encodeCursor(id string) string { return cursorVersion + id }

// decodeCursor returns the id before the page.
func decodeCursor(cursor string) (string, error) {
	id, ok := strings.CutPrefix(cursor, cursorVersion)
	if !ok || !validID(id) {
		return "", fault.New(fault.Malformed, "cursor is not one that this API returned")
	}
	return id, nil
}
