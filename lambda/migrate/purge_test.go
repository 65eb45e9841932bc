package migrate_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/lambda/migrate"
)

// purger is a cache with so many keys, or an error.
type purger struct {
	keys int
	err  error
}

func (p purger) Purge(context.Context) (int, error) { return p.keys, p.err }

func TestTheStepPurgeEmptiesTheCacheAndNeedsNoDatabase(t *testing.T) {
	m := migrate.Migration{Log: slog.New(slog.DiscardHandler), Cache: purger{keys: 3}}
	got, err := m.Handle(t.Context(), migrate.Event{Step: "purge"})
	if err != nil || !reflect.DeepEqual(got, migrate.Purged{Keys: 3}) {
		t.Errorf("got %v, %v", got, err)
	}
}

// The update fails, so its next one purges again.
func TestAPurgeThatFailsIsAnError(t *testing.T) {
	failed := errors.New("no node responds")
	for name, c := range map[string]struct {
		cache migrate.Purger
		want  string
	}{
		"of a cache that does not respond": {purger{err: failed}, "no node responds"},
		"of no cache":                      {nil, "no REDIS_ADDR"},
	} {
		t.Run(name, func(t *testing.T) {
			m := migrate.Migration{Log: slog.New(slog.DiscardHandler), Cache: c.cache}
			if _, err := m.Handle(t.Context(), migrate.Event{Step: "purge"}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}
