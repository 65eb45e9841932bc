// Package access says what the function does in the cache, for whoever makes the user that it logs
// in as: every command it sends and the keys it sends them for, and nothing more. It depends on
// nothing, so that the program that provisions the cache can say it too.
package access

import "strings"

// User is who the function logs in as.
const User = "app"

// Keys is the pattern of every key of the function.
const Keys = "item:*"

// Commands are what the function and its client send, each for a reason; HELLO and AUTH are
// everybody's.
var Commands = []string{
	"get", "getrange", "set", "del", // reads, leases, and the scripts' own calls
	"eval", "evalsha", // compare and replace in one step, marks
	"time",          // when a mark expires, by the clock that all writers have
	"ping",          // the health check
	"cluster|slots", // the client learns which shard has which keys,
	"command",       // where a command's key stands,
	"asking",        // and follows keys on the move while shards are added
}

// String is the access string of an ElastiCache user, in the order and form in which ElastiCache
// answers it: another form would read as a change on every preview.
func String() string {
	return "on ~" + Keys + " -@all +" + strings.Join(Commands, " +")
}
