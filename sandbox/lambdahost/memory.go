package lambdahost

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// memory is what a process tree uses, bytes.
type memory struct {
	resident int64 // now
	peak     int64 // the sum of each process's own peak
}

// treeMemory adds up a process and its descendants. Processes that end
// meanwhile count as nothing.
func treeMemory(pid int) memory {
	total := processMemory(pid)
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return total // unreachable: the pattern is well formed
	}
	for _, path := range tasks {
		children, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(children)) {
			child, err := strconv.Atoi(field)
			if err != nil {
				continue // unreachable: the kernel writes numbers
			}
			m := treeMemory(child)
			total.resident += m.resident
			total.peak += m.peak
		}
	}
	return total
}

// processMemory reads VmRSS and VmHWM of one process.
func processMemory(pid int) memory {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return memory{} // it has ended
	}
	var m memory
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch key {
		case "VmRSS":
			m.resident = kilobytes(value)
		case "VmHWM":
			m.peak = kilobytes(value)
		}
	}
	return m
}

// kilobytes reads "  1234 kB" as bytes.
func kilobytes(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(s), " kB"), 10, 64)
	if err != nil {
		return 0 // the kernel always writes this form
	}
	return n * 1024
}
