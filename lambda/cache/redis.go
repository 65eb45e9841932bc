package cache

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a Store on Redis or Valkey, 7.0 or later, alone or as a cluster.
// A key must carry a hash tag ("{...}") that is its own.
type Redis struct {
	client  redis.UniversalClient
	cluster *redis.ClusterClient // the same client, if it is one
	refused func()               // tells that the last credentials were not accepted
}

// The scripts compare the tag, the first bytes of what a key holds.
var (
	replaceScript = redis.NewScript(`
local held = redis.call('GET', KEYS[1])
if not held or string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1`)
	releaseScript = redis.NewScript(`
local held = redis.call('GETRANGE', KEYS[1], 0, #ARGV[1] - 1)
if held ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`)
)

// Acquire implements Store.
func (r *Redis) Acquire(ctx context.Context, key string, ttl time.Duration) (held []byte, mine bool, err error) {
	first, last, held, err := r.tag(ctx, key, lease, "px", ttl.Milliseconds(), "nx", "get")
	if errors.Is(err, redis.Nil) {
		return last, true, nil
	}
	// The first try may have worked although its answer did not come.
	return held, err == nil && bytes.Equal(held, first), err
}

// Replace implements Store.
func (r *Redis) Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (bool, error) {
	return r.run(ctx, replaceScript, key, tag, value, ttl.Milliseconds())
}

// Release implements Store.
func (r *Redis) Release(ctx context.Context, key string, tag []byte) error {
	_, err := r.run(ctx, releaseScript, key, tag)
	return err
}

// Claim implements Store.
func (r *Redis) Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (bool, error) {
	claim := key + ":refresh:" + hex.EncodeToString(tag)
	err := r.call(func() error {
		return r.client.SetArgs(ctx, claim, "", redis.SetArgs{Mode: "NX", TTL: ttl}).Err()
	})
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, err
}

// Mark implements Store.
func (r *Redis) Mark(ctx context.Context, key string, ttl time.Duration) (set, before []byte, err error) {
	_, set, before, err = r.tag(ctx, key, mark, "px", ttl.Milliseconds(), "get")
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	return set, before, err
}

// Clear implements Store.
func (r *Redis) Clear(ctx context.Context, key string) error {
	return r.call(func() error { return r.client.Del(ctx, key).Err() })
}

// Shard implements Store: the address of the node that serves key.
func (r *Redis) Shard(ctx context.Context, key string) (string, error) {
	if r.cluster == nil {
		return "", nil
	}
	node, err := r.cluster.MasterForKey(ctx, key)
	if err != nil {
		return "", err
	}
	return node.Options().Addr, nil
}

// Ping implements Store. Of a cluster it asks every shard.
func (r *Redis) Ping(ctx context.Context) error {
	if r.cluster == nil {
		return r.call(func() error { return r.client.Ping(ctx).Err() })
	}
	return r.call(func() error {
		return r.cluster.ForEachMaster(ctx, func(ctx context.Context, shard *redis.Client) error {
			return shard.Ping(ctx).Err()
		})
	})
}

// Close closes all connections.
func (r *Redis) Close() error { return r.client.Close() }

// tag sends a SET of a new tag, and if no answer came, once more of another one:
// the connection may have died while the instance was frozen. It returns the
// first tag and the last, which are one if there was one try.
func (r *Redis) tag(ctx context.Context, key string, k kind, how ...any) (first, last, held []byte, err error) {
	first = newTag(k)
	last = first
	if held, err = r.setOnce(ctx, key, first, how); unanswered(err) && ctx.Err() == nil {
		last = newTag(k)
		held, err = r.setOnce(ctx, key, last, how)
	}
	return first, last, held, err
}

// unanswered reports whether Redis said nothing to a command.
func unanswered(err error) bool {
	var reply redis.Error
	return err != nil && !errors.As(err, &reply)
}

// once is a SET that the client does not send again, except where a node says
// that it did not carry it out and which one will.
type once struct{ *redis.StatusCmd }

// NoRetry is what the client asks about a command that got no answer.
func (once) NoRetry() bool { return true }

func (r *Redis) setOnce(ctx context.Context, key string, value []byte, how []any) (answer []byte, err error) {
	args := append(append(make([]any, 0, 8), "set", key, value), how...)
	err = r.call(func() (err error) {
		command := once{redis.NewStatusCmd(ctx, args...)}
		_ = r.client.Process(ctx, command) // the command has the error, too
		answer, err = command.Bytes()
		return err
	})
	return answer, err
}

func (r *Redis) run(ctx context.Context, script *redis.Script, key string, args ...any) (did bool, err error) {
	err = r.call(func() (err error) {
		did, err = script.Run(ctx, r.client, []string{key}, args...).Bool()
		return err
	})
	return did, err
}

// call runs a command, once more with fresh credentials if it was refused. A
// node that does not answer may have lost its slots to another: go-redis asks
// for the new map only when a node that lives tells it to.
func (r *Redis) call(command func() error) error {
	err := command()
	if redis.IsAuthError(err) {
		r.refused()
		err = command()
	}
	if unanswered(err) && r.cluster != nil {
		r.cluster.ReloadState(context.Background())
	}
	return err
}
