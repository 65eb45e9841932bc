package store

import (
	"encoding/json"
	"time"
)

// Item is one stored document.
type Item struct {
	ID        string
	Body      json.RawMessage // any JSON, byte for byte as it was written
	Revision  string          // new and unique at every write; never reused
	UpdatedAt time.Time       // UTC, microseconds; grows with every write of an item, until it is deleted
}

// Condition restricts a write to a state of the item; the zero value is none.
type Condition struct {
	Revisions    []string // the item must have one of these; nil: not asked
	NotRevisions []string // the item must have none of these, if it exists
	MustExist    bool     // the item must exist
	MustNotExist bool     // the item must not exist
}

// Page is one piece of the list of all items, in the order of their ids (bytes).
type Page struct {
	Items []Item
	More  bool // there are items after the last one
}
