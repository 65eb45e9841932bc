// Package cache is a read-through cache in Redis. It never returns a version older than the last acknowledged one.
//
// # Guarantees
//
// A read that begins after a write was acknowledged never returns an older version, in any execution environment,
// concurrent fills included.
//
// A write that was not acknowledged may take effect later: its client has left, and the statement waits for a connection
// or a lock, since RDS Proxy supports no cancel requests. Even then no older version remains in the cache: the item is
// read from the source until the write can no longer take effect, regardless of other writes. This holds because
// everything that a statement can wait for has a timeout (store/timeouts), in the database as defaults of the role.
//
// What the source reports about a value is trusted: after a failed write that found no value, or another one than its
// condition names, the entry is deleted. An entry is restored only after a write about which the source reported nothing.
//
// # Limits
//
// If Redis could not be reached for an invalidation, the write still succeeds, and an older version may be served until
// its entry expires: at most fresh + stale time after it was filled. A concurrent fill may still be stored, up to
// [leaseTTL] after the write, or [refreshTimeout] if it refreshes a stale entry. The invalidation is retried for up to
// [retryTimeout] after the response, and in the execution environment's next invocations once Redis responds to it again.
// So the bound is only reached if Redis is unavailable for as long, or the execution environment ends or is frozen for as
// long. (A failover of Redis that loses the invalidation has the same bound, since Redis replicates asynchronously, and so
// has one that loses the mark of a write of unknown outcome.)
//
// PostgreSQL does not interrupt a commit, and no timeout bounds a packet in transit: [markMargin] allows for both.
//
// # Protocol
//
// An item has one key. Its value starts with a random tag, and every change of the key is a compare-and-swap on that tag.
// A lease is the value that a reader leaves while it fills the entry, a mark the one that a writer leaves while it writes,
// and a claim is a separate key for the right to refresh a stale entry.
//
//   - A read sends SET key lease NX GET: one round trip that returns the entry or, if there is none, leaves the reader's
//     lease. Only the holder of the lease reads the source; others wait for the entry that it stores.
//   - The fill is stored only if the key still has that lease.
//   - A write first puts its mark into the key, so that the cache neither serves nor is filled during the write, then
//     writes, then removes its mark. That also removes any earlier lease, so the fill of an older version is not stored. A
//     write that changed nothing restores what it found; one of unknown outcome leaves its mark.
//   - A key has the marks of all unfinished writes, each with its own expiry by the clock of Redis, and is deleted with the
//     last of them. A list of 32 becomes one mark, which only expires.
//   - A lease or a mark of an execution environment that died expires.
//   - No tag is sent twice. A command that was abandoned may still be executed later, and would restore a lease after the
//     write that removed it. A mark that is set late keeps readers on the source until it expires.
//
// Which version is stored depends on no clock except for the expiry of marks, on no counter that could be evicted, and not
// on the durability of Redis: a lost key is a miss. Clocks decide how long an entry is served: Redis's own clock expires
// it; whether it is fresh is judged by the clock of the reader's execution environment, against a time set by that of the
// one that filled it.
//
// # Stale entries
//
// An entry past its fresh time is served as it is while one reader reads the source again. That reader waits a moment for
// the result and then serves the stale entry too. Its execution environment stays awake until the refresh has ended, a
// second at most, since Lambda freezes it between requests. While the source is unavailable, every reader gets the stale
// entry until it expires.
package cache
