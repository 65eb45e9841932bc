package cache

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Redis is a Store on Redis or Valkey, 7.0 or later, standalone or as a cluster. Every key must contain its own hash tag
// ("{...}").
type Redis struct {
	client        redis.UniversalClient
	cluster       *redis.ClusterClient // the same client, if it is a cluster's
	onAuthFailure func()               // called when Redis rejects the last credentials
}

// Acquire implements Store.
func (r *Redis) Acquire(ctx context.Context, key string, ttl time.Duration) (stored []byte, mine bool, err error) {
	tags, stored, err := sendTagged(ctx, lease, func(tag []byte) ([]byte, error) {
		command := redis.NewStatusCmd(ctx, "set", key, tag, "px", ttl.Milliseconds(), "nx", "get")
		return r.sendOnce(ctx, command, command.Bytes)
	})
	if errors.Is(err, redis.Nil) {
		return tags[len(tags)-1], true, nil
	}
	// The first try may have succeeded without a response.
	return stored, err == nil && bytes.Equal(stored, tags[0]), err
}

// Replace implements Store.
func (r *Redis) Replace(ctx context.Context, key string, tag, value []byte, ttl time.Duration) (bool, error) {
	return r.runScript(ctx, replaceScript, key, tag, value, ttl.Milliseconds())
}

// Release implements Store.
func (r *Redis) Release(ctx context.Context, key string, tag []byte) error {
	_, err := r.runScript(ctx, releaseScript, key, tag)
	return err
}

// Claim implements Store.
func (r *Redis) Claim(ctx context.Context, key string, tag []byte, ttl time.Duration) (bool, error) {
	claim := key + ":refresh:" + hex.EncodeToString(tag)
	err := r.withAuthRetry(func() error {
		return r.client.SetArgs(ctx, claim, "", redis.SetArgs{Mode: "NX", TTL: ttl}).Err()
	})
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	return err == nil, err
}

// Mark implements Store.
func (r *Redis) Mark(ctx context.Context, key string, ttl time.Duration) (mine [][]byte, before []byte, err error) {
	return sendTagged(ctx, mark, func(tag []byte) ([]byte, error) {
		before, err := r.markOnce(ctx, "evalsha", markScript.Hash(), key, tag, ttl)
		if redis.HasErrorPrefix(err, "NOSCRIPT") { // so it was not executed
			before, err = r.markOnce(ctx, "eval", markSource, key, tag, ttl)
		}
		return before, err
	})
}

func (r *Redis) markOnce(ctx context.Context, how, script, key string, tag []byte, ttl time.Duration) ([]byte, error) {
	command := redis.NewCmd(ctx, how, script, 1, key, tag[1:], ttl.Milliseconds())
	return r.sendOnce(ctx, command, func() ([]byte, error) {
		before, err := command.Text()
		return []byte(before), err
	})
}

// End implements Store.
func (r *Redis) End(ctx context.Context, key string, mine [][]byte, markFor time.Duration) error {
	args := []any{markFor.Milliseconds(), newTag(mark)[1:]}
	for _, tag := range mine {
		args = append(args, tag[1:])
	}
	_, err := r.runScript(ctx, endScript, key, args...)
	return err
}

// Shard implements Store: it returns the address of the node that serves key.
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

// Ping implements Store. It pings every shard of a cluster.
func (r *Redis) Ping(ctx context.Context) error {
	if r.cluster == nil {
		return r.withAuthRetry(func() error { return r.client.Ping(ctx).Err() })
	}
	return r.withAuthRetry(func() error {
		return r.cluster.ForEachMaster(ctx, func(ctx context.Context, shard *redis.Client) error {
			return shard.Ping(ctx).Err()
		})
	})
}

// Close closes all connections.
func (r *Redis) Close() error { return r.client.Close() }

// sendTagged sends a command with a new tag and, if there was no response, once more with another tag: the connection may
// have died while the execution environment was frozen. It returns the tags that were sent.
func sendTagged(ctx context.Context, k kind, send func(tag []byte) ([]byte, error)) (tags [][]byte, response []byte, err error) {
	for range 2 {
		tags = append(tags, newTag(k))
		if response, err = send(tags[len(tags)-1]); !noResponse(err) || ctx.Err() != nil {
			break
		}
	}
	return tags, response, err
}

// noResponse reports whether a command failed without a response of Redis.
func noResponse(err error) bool {
	var reply redis.Error
	return err != nil && !errors.As(err, &reply)
}

// noRetryCommand is a command that the client does not retry, except when a node reports that it did not execute it and
// which one will.
type noRetryCommand struct{ redis.Cmder }

// NoRetry is the method that the client checks before it retries a command without a response.
func (noRetryCommand) NoRetry() bool { return true }

// sendOnce sends a command with a tag and returns what response extracts from it.
func (r *Redis) sendOnce(ctx context.Context, command redis.Cmder, response func() ([]byte, error)) (found []byte, err error) {
	err = r.withAuthRetry(func() (err error) {
		_ = r.client.Process(ctx, noRetryCommand{command}) // the command has the error, too
		found, err = response()
		return err
	})
	return found, err
}

func (r *Redis) runScript(ctx context.Context, script *redis.Script, key string, args ...any) (did bool, err error) {
	err = r.withAuthRetry(func() (err error) {
		did, err = script.Run(ctx, r.client, []string{key}, args...).Bool()
		return err
	})
	return did, err
}

// withAuthRetry runs a command, and again with new credentials if Redis rejected them. A node that does not respond may
// have lost its slots to another one: go-redis only reloads the slots when a live node redirects it.
func (r *Redis) withAuthRetry(command func() error) error {
	err := command()
	if redis.IsAuthError(err) {
		r.onAuthFailure()
		err = command()
	}
	if noResponse(err) && r.cluster != nil {
		r.cluster.ReloadState(context.Background())
	}
	return err
}
