//go:build race

package cache_test

// readersEach is less under the race detector: waiters look at Redis every 25 ms,
// and for a thousand of them its process would be too slow to send what Redis
// must have within half a second.
const readersEach = 10
