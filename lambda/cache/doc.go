// Package cache is a read-through cache in Redis. It returns no version older than the last
// acknowledged one, with one bounded exception.
//
// docs/explanation/cache-consistency.md states what the cache guarantees, the one exception, and why a write of unknown
// outcome keeps readers on the source for as long as it does. Its times are [leaseTTL], [refreshTimeout], [retryTimeout],
// [markMargin] and those of package store/timeouts.
//
// The cache trusts what the source reports about a value: after a failed write that found no value, or another one than
// its condition names, it deletes the entry.
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
