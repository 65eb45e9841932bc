//go:build !race

package cache_test

// readersEach is how many readers each of eight instances has at once.
const readersEach = 125
