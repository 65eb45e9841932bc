package child

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is what a process has in memory, bytes (proc_pid_status).
type Memory struct {
	Resident int64 // now: VmRSS
	Peak     int64 // at most so far: VmHWM
}

// MemoryOf reads a process's memory; none when it has ended.
func MemoryOf(pid int) Memory {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}
	}
	return memoryIn(status)
}

// memoryIn reads the memory out of a /proc/<pid>/status.
func memoryIn(status []byte) Memory {
	var m Memory
	for lines := bufio.NewScanner(bytes.NewReader(status)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		switch key {
		case "VmRSS":
			m.Resident = kilobytes(value)
		case "VmHWM":
			m.Peak = kilobytes(value)
		}
	}
	return m
}

// kilobytes reads "  1234 kB" as bytes.
func kilobytes(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(s, "kB")), 10, 64)
	if err != nil {
		return 0 // the kernel always writes this form
	}
	return n * 1024
}
