package main

import (
	"runtime"
	"runtime/debug"
)

const (
	// heapShare is the percentage of the function's memory up to which Go collects garbage at its usual
	// pace; the rest is for code, stacks and TLS.
	heapShare = 75
	// heapGrowth is GOGC. A request leaves some 30 KB of garbage and almost no live memory, so Go's default
	// of 100 would collect every fifty requests: a tenth of a cache hit's time. With 400, a stream of any
	// size peaks at 40 MiB.
	heapGrowth = 400
	// processorMemory is the memory in bytes at which a function has one full vCPU (AWS Lambda developer
	// guide, "Configure Lambda function memory": 1,769 MB are one vCPU).
	processorMemory = 1769 << 20
)

// setRuntimeLimits adapts Go's runtime to a function's memory in bytes (0 if unknown), unless environment
// variables do. Every function sees at least two processors, and is throttled most of the time if it uses
// both and has paid for a fraction of one: more threads than processors would only use up that fraction
// sooner. It stops the world.
func setRuntimeLimits(memory int64, env func(string) string) {
	if memory <= 0 {
		return
	}
	if env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memory * heapShare / 100)
	}
	if env("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if n := processors(memory); env("GOMAXPROCS") == "" && n < runtime.GOMAXPROCS(0) {
		runtime.GOMAXPROCS(n)
	}
}

// processors returns the number of processors that a function with this memory can use.
func processors(memory int64) int {
	return int((memory + processorMemory - 1) / processorMemory)
}
