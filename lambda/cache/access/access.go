// Package access defines the permissions of the cache user that the function logs in as: exactly the commands that it sends
// and the keys that it uses. It has no dependencies, so that the Pulumi program can import it.
package access

import "strings"

// User is the name of the function's user in the cache.
const User = "app"

// Keys is the pattern of all keys of the function.
const Keys = "item:*"

// Commands are the commands of the function and its client; every user may send HELLO and AUTH.
var Commands = []string{
	"get", "getrange", "set", "del", // reads, leases, and the scripts' own commands
	"eval", "evalsha", // compare-and-swap, marks
	"time",          // the expiry of marks, by the clock that all writers share
	"ping",          // the health check
	"scan",          // the keys to purge after the database was restored
	"cluster|slots", // the client looks up which shard has which keys,
	"command",       // where a command's key is,
	"asking",        // and follows keys that move while shards are added
}

// String returns the access string in the order and form in which ElastiCache returns it: any other would show as a change in
// every preview.
func String() string {
	return "on ~" + Keys + " -@all +" + strings.Join(Commands, " +")
}
