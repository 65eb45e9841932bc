// Package cache puts Redis in front of a slower source of truth without ever
// answering with less than what was acknowledged.
//
// # What is promised
//
// A read that begins after a write was acknowledged never gets an older
// version, on whichever instance, fills in flight included. Where Redis could
// not be reached for the invalidation, the write still succeeds and an older
// version may be served until its entry ends: at most fresh + stale time after
// it was filled, and a fill that was under way may still be stored: up to
// [leaseTime] after the write, or [refreshTime] if it refreshes a stale entry. (A
// failover of Redis that loses the invalidation has the same bound, since Redis
// replicates asynchronously.)
//
// # How
//
// An item has one key, and every change of it is a compare and swap on the
// random tag that starts its value:
//
//   - A read sends SET key lease NX GET: one round trip that returns the entry
//     or, where there is none, leaves the reader's lease. Only the holder of
//     the lease asks the source; others wait for the entry it stores.
//   - The fill is stored only if the key still holds that lease.
//   - A write first puts its mark in the key, so that nobody is served from
//     the cache or fills it while the write is under way, then writes, then
//     deletes the key. A lease taken before is gone with that, and so the fill
//     of an older version has nowhere to go. A write that did not happen puts
//     back what it found; one of unknown outcome leaves its mark.
//   - A lease or a mark of an instance that died expires by itself.
//   - No tag is sent twice. A command that was given up may be carried out later
//     all the same, and would bring back a lease after the write that took it.
//
// Which version is stored depends on no clock, on no counter that could be
// evicted, and not on Redis keeping what it was told: losing a key is a miss.
// Clocks decide only how long an entry is served. Redis' own ends it; whether it
// is fresh is judged by the clock of the instance that reads it, against the
// time that the one that filled it wrote down.
//
// # Stale entries
//
// An entry past its fresh time is served as it is while one reader asks the
// source anew. That reader waits a moment for the answer and then serves the
// stale entry too. Its instance stays awake until the refresh has ended, a
// second at most, since Lambda freezes it between requests. When the source is
// away, everybody gets the stale entry until it ends.
package cache
