package cache_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/internal/testservices"
)

// onBoth runs a test against Redis alone and as a cluster.
func onBoth(t *testing.T, test func(t *testing.T, r *cache.Redis)) {
	t.Helper()
	for name, cluster := range map[string]bool{"alone": false, "as a cluster": true} {
		t.Run(name, func(t *testing.T) { test(t, testservices.Redis(t, cluster)) })
	}
}

// purges purges the keys with the prefix. Other packages' tests use the same server, so theirs stay.
func purges(t *testing.T, r *cache.Redis, prefix string, least int) {
	t.Helper()
	visited, err := r.PurgeKeys(t.Context(), prefix+"*")
	works(t, err)
	if visited < least {
		t.Errorf("%d keys were visited, want at least %d", visited, least)
	}
}

func TestAPurgeDeletesEveryEntry(t *testing.T) {
	onBoth(t, func(t *testing.T, r *cache.Redis) {
		const count = 3000 // more than a SCAN returns at once
		prefix := "item:1:" + rand.Text() + ":"
		keys := make([]string, count)
		for i := range keys {
			keys[i] = fmt.Sprintf("%s{%d}", prefix, i)
			mine := acquires(t, r, keys[i], time.Minute)
			_, value := newTagged("of the former database")
			replaced, err := r.Replace(t.Context(), keys[i], mine, value, time.Minute)
			works(t, err)
			is(t, "the entry is stored", true, replaced)
		}
		purges(t, r, prefix, count)
		for _, key := range keys {
			acquires(t, r, key, time.Second) // so it was empty
		}
	})
}

func TestAPurgeEndsWhatReadersOfTheFormerDatabaseHaveBegun(t *testing.T) {
	onBoth(t, func(t *testing.T, r *cache.Redis) {
		prefix := "item:1:" + rand.Text() + ":"
		filling, refreshing := prefix+"{a}", prefix+"{b}"
		lease := acquires(t, r, filling, time.Minute)
		stale, value := newTagged("stale")
		replaced, err := r.Replace(t.Context(), refreshing, acquires(t, r, refreshing, time.Minute), value, time.Minute)
		works(t, err)
		is(t, "the entry is stored", true, replaced)
		purges(t, r, prefix, 2)
		_, late := newTagged("of the former database")
		for key, tag := range map[string][]byte{filling: lease, refreshing: stale} {
			replaced, err := r.Replace(t.Context(), key, tag, late, time.Minute)
			works(t, err)
			is(t, "a late fill is stored", false, replaced)
		}
	})
}

func TestAPurgeKeepsTheMarksOfUnfinishedWrites(t *testing.T) {
	onBoth(t, func(t *testing.T, r *cache.Redis) {
		prefix := "item:1:" + rand.Text() + ":"
		key := prefix + "{a}"
		_, value := newTagged("of the former database")
		_, err := r.Replace(t.Context(), key, acquires(t, r, key, time.Minute), value, time.Minute)
		works(t, err)
		mine, before := marks(t, r, key, time.Minute)
		holds(t, value, before)
		purges(t, r, prefix, 1)
		stored, acquired, err := r.Acquire(t.Context(), key, time.Minute)
		works(t, err)
		is(t, "a reader may fill the key", false, acquired)
		is(t, "the key is marked", byte('W'), stored[0])
		// A write that changed nothing restores the entry that it found.
		restored, err := r.Replace(t.Context(), key, mine[len(mine)-1], before, time.Minute)
		works(t, err)
		is(t, "the former entry is restored", false, restored)
		works(t, r.End(t.Context(), key, mine, 0))
		acquires(t, r, key, time.Second)
	})
}

func TestAPurgeReportsWhatItCouldNotDelete(t *testing.T) {
	// The user may list the keys and not delete them.
	r := restricted(t, "on ~item:* -@all +scan +ping +cluster|slots +command +asking")
	acquires(t, testservices.Redis(t, true), newKey(), time.Minute)
	visited, err := r.Purge(t.Context())
	var reply redis.Error
	if !errors.As(err, &reply) || visited == 0 {
		t.Errorf("got %d, %v", visited, err)
	}
}
