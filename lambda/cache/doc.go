// Package cache puts Redis in front of a slower source of truth without ever
// answering with less than what was acknowledged.
//
// # What is promised
//
// A read that begins after a write was acknowledged never gets an older
// version, on whichever instance, fills in flight included.
//
// A write that was not acknowledged may come into effect later: its client has
// left, and the statement waits for a connection or a lock, since RDS Proxy
// takes no cancel request. Nor does it leave an older version in the cache
// then: the item is read from the source until the write cannot come into
// effect any more, whoever else writes it meanwhile. That is so because the time
// of everything that a statement can wait for is bounded (store/timeouts), in
// the database by defaults of the role.
//
// What the source said of a value is believed: after a write that failed since
// there is no value, or not the one that its condition names, nothing is left of
// the entry. An entry is put back only after a write of which the source said
// nothing.
//
// # What is not
//
// Where Redis could not be reached for the invalidation, the write still
// succeeds and an older version may be served until its entry ends: at most
// fresh + stale time after it was filled, and a fill that was under way may
// still be stored: up to [leaseTime] after the write, or [refreshTime] if it
// refreshes a stale entry. The invalidation is repeated for up to [repeatTime]
// after the answer, and in the instance's next invocations once Redis answers
// it again. So the bound is reached only if Redis is away for as long, or the
// instance ends or is frozen for as long. (A failover of Redis that loses the
// invalidation has the same bound, since Redis replicates asynchronously, and so
// has one that loses the mark of a write of unknown outcome.)
//
// PostgreSQL does not interrupt a commit, and no time bounds a packet on its way:
// [markMargin] is for both.
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
//     takes its mark out. A lease taken before is gone with that, and so the
//     fill of an older version has nowhere to go. A write that did not happen
//     puts back what it found; one of unknown outcome leaves its mark.
//   - A key has the marks of all writes that have not ended, each with its own
//     end by the clock of Redis, and is deleted with the last of them. A list
//     of 32 becomes one mark, which nobody takes out.
//   - A lease or a mark of an instance that died expires by itself.
//   - No tag is sent twice. A command that was given up may be carried out later
//     all the same, and would bring back a lease after the write that took it. A
//     mark that is set late keeps readers on the source until it expires.
//
// Which version is stored depends on no clock but for the expiry of marks, on no
// counter that could be evicted, and not on Redis keeping what it was told:
// losing a key is a miss. Clocks decide how long an entry is served. Redis' own
// ends it; whether it is fresh is judged by the clock of the instance that reads
// it, against the time that the one that filled it wrote down.
//
// # Stale entries
//
// An entry past its fresh time is served as it is while one reader asks the
// source anew. That reader waits a moment for the answer and then serves the
// stale entry too. Its instance stays awake until the refresh has ended, a
// second at most, since Lambda freezes it between requests. When the source is
// away, everybody gets the stale entry until it ends.
package cache
