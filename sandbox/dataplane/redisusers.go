package dataplane

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// defaultUser is the user of a client that names none.
const defaultUser = "default"

// fullAccess is the access string of a group without RBAC.
const fullAccess = "on ~* &* +@all"

// deniedCommands are the commands that ElastiCache allows no user.
var deniedCommands = []string{
	"-acl|deluser", "-acl|load", "-acl|save", "-acl|setuser", "-bgrewriteaof", "-bgsave",
	"-cluster|addslots", "-cluster|addslotsrange", "-cluster|bumpepoch", "-cluster|delslots",
	"-cluster|delslotsrange", "-cluster|failover", "-cluster|flushslots", "-cluster|forget",
	"-cluster|meet", "-cluster|replicate", "-cluster|reset", "-cluster|saveconfig",
	"-cluster|set-config-epoch", "-cluster|setslot", "-config", "-debug", "-migrate",
	"-psync", "-replicaof", "-save", "-shutdown", "-slaveof", "-sync",
}

// applyUsers sets the node's users to those of the spec and deletes all others, now and after each restart.
func (n *redisNode) applyUsers(ctx context.Context, spec Cache) error {
	n.mu.Lock()
	n.users = func(ctx context.Context) error { return n.setUsers(ctx, spec) }
	n.mu.Unlock()
	return n.setUsers(ctx, spec)
}

func (n *redisNode) setUsers(ctx context.Context, spec Cache) error {
	keep := map[string]bool{redisAdmin: true, defaultUser: true}
	for _, user := range users(spec) {
		keep[user.Name] = true
		if err := setUser(ctx, n.client, user); err != nil {
			return err
		}
	}
	names, err := n.client.Do(ctx, "ACL", "USERS").StringSlice()
	if err != nil {
		return fmt.Errorf("list Redis users: %w", err)
	}
	for _, name := range names {
		if keep[name] {
			continue
		}
		if err := n.client.Do(ctx, "ACL", "DELUSER", name).Err(); err != nil {
			return fmt.Errorf("delete Redis user %s: %w", name, err)
		}
	}
	return nil
}

// users returns the spec's users, and the default user if the spec has none.
func users(spec Cache) []CacheUser {
	if len(spec.Users) == 0 {
		user := CacheUser{Name: defaultUser, AccessString: fullAccess}
		if spec.AuthToken != "" {
			user.Passwords = []string{spec.AuthToken}
		}
		return []CacheUser{user}
	}
	for _, user := range spec.Users {
		if user.Name == defaultUser {
			return spec.Users
		}
	}
	return append([]CacheUser{{Name: defaultUser, AccessString: "off"}}, spec.Users...)
}

// setUser creates or updates a user. Its error contains no password.
func setUser(ctx context.Context, client *redis.Client, user CacheUser) error {
	command := []any{"ACL", "SETUSER", user.Name, "reset"}
	for _, rule := range strings.Fields(user.AccessString) {
		command = append(command, rule)
	}
	for _, rule := range deniedCommands {
		command = append(command, rule)
	}
	for _, password := range user.Passwords {
		command = append(command, ">"+password)
	}
	if len(user.Passwords) == 0 {
		command = append(command, "nopass")
	}
	if err := client.Do(ctx, command...).Err(); err != nil {
		return fmt.Errorf("apply Redis user %s with access string %q: %w", user.Name, user.AccessString, err)
	}
	return nil
}
