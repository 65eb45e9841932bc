package main

import (
	"runtime"
	"runtime/debug"
)

const (
	// heapShare is the part of the function's memory (in per cent) that Go
	// may fill before it collects harder; the rest is code, stacks and TLS.
	heapShare = 75
	// heapGrowth is how much garbage (in per cent of what lives) may gather
	// before it is collected. A request leaves some 30 KB and next to nothing
	// lives on, so Go's own 100 would collect every fifty requests: a tenth
	// of a cache hit's time. A stream of any size peaks at 40 MiB with it.
	heapGrowth = 400
	// processorMemory is the memory in bytes with which a function has one
	// whole processor, more of it with more (AWS Lambda developer guide,
	// "Configure Lambda function memory": 1,769 MB are one vCPU).
	processorMemory = 1769 << 20
)

// fit makes the runtime use what a function of some memory (bytes, 0: not
// known) has, unless the environment says otherwise. Every function sees two
// processors at least, and is stopped for most of its time when it uses both
// and has paid for a part of one: more threads than processors would only
// spend that part sooner. It stops the world.
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

// processors returns how many processors a function of some memory keeps busy.
func processors(memory int64) int {
	return int((memory + processorMemory - 1) / processorMemory)
}
