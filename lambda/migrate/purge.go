package migrate

import (
	"context"
	"errors"
)

// Purged is the result of Purge.
type Purged struct {
	Keys int `json:"keys"` // visited
}

// Purge empties the cache: behind the same proxy there is another database, whose items can be older than their entries. It runs
// after the migration, when no client reads the former database any more.
func (m Migration) Purge(ctx context.Context) (Purged, error) {
	if m.Cache == nil {
		return Purged{}, errors.New("the function has no REDIS_ADDR, so there is no cache to purge")
	}
	keys, err := m.Cache.Purge(ctx)
	if err != nil {
		return Purged{}, err
	}
	m.Log.InfoContext(ctx, "purged the cache", "keys", keys)
	return Purged{Keys: keys}, nil
}
