package child

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory is a process's memory in bytes (proc_pid_status).
type Memory struct {
	Resident int64 // VmRSS
	Peak     int64 // VmHWM
}

// MemoryOf returns a process's memory, or zero if it has exited.
func MemoryOf(pid int) Memory {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return Memory{}
	}
	return memoryIn(status)
}

// memoryIn parses the memory in a /proc/<pid>/status.
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

// kilobytes parses "  1234 kB" and returns bytes.
func kilobytes(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(s, "kB")), 10, 64)
	if err != nil {
		return 0 // the kernel always writes this form
	}
	return n * 1024
}
