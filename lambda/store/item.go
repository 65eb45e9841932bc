package store

import (
	"encoding/json"
	"time"
)

// Item is a stored document.
type Item struct {
	ID        string
	Body      json.RawMessage // any JSON, byte for byte as written
	Revision  string          // new and unique for every write
	UpdatedAt time.Time       // UTC, microseconds; increases with every write of an item until it is deleted
}

// Condition restricts a write to certain states of the item; the zero value allows all.
type Condition struct {
	Revisions    []string // the item must have one of these; nil: any
	NotRevisions []string // the item, if it exists, must have none of these
	MustExist    bool     // the item must exist
	MustNotExist bool     // the item must not exist
}

// Page is a page of the list of all items, ordered by the bytes of their ids.
type Page struct {
	Items []Item
	More  bool // whether there are items after the last one
}
