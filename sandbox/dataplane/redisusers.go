package dataplane

import (
	"context"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"
)

// defaultUser is whom a client that names no user is.
const defaultUser = "default"

// fullAccess is the access string of a group without RBAC.
const fullAccess = "on ~* &* +@all"

// withheld are the commands that ElastiCache has for nobody.
var withheld = []string{
	"-acl|deluser", "-acl|load", "-acl|save", "-acl|setuser", "-bgrewriteaof", "-bgsave",
	"-cluster|addslots", "-cluster|addslotsrange", "-cluster|bumpepoch", "-cluster|delslots",
	"-cluster|delslotsrange", "-cluster|failover", "-cluster|flushslots", "-cluster|forget",
	"-cluster|meet", "-cluster|replicate", "-cluster|reset", "-cluster|saveconfig",
	"-cluster|set-config-epoch", "-cluster|setslot", "-config", "-debug", "-migrate",
	"-psync", "-replicaof", "-save", "-shutdown", "-slaveof", "-sync",
}

// applyUsers makes the node's users those of the spec and no others.
func (n *redisNode) applyUsers(ctx context.Context, spec Cache) error {
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

// users are the spec's users with the default one always among them.
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

// setUser applies one user. A password never shows in the error.
func setUser(ctx context.Context, client *redis.Client, user CacheUser) error {
	command := []any{"ACL", "SETUSER", user.Name, "reset"}
	for _, rule := range strings.Fields(user.AccessString) {
		command = append(command, rule)
	}
	for _, rule := range withheld {
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
