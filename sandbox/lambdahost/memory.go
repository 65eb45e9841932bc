package lambdahost

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/didomi/serverless-api/sandbox/child"
)

// treeResident is the resident memory of a process and its descendants in bytes. Processes that exit meanwhile count as
// zero.
func treeResident(pid int) int64 {
	var total int64
	for _, process := range tree(pid) {
		total += child.MemoryOf(process).Resident
	}
	return total
}

// tree returns a process and its descendants.
func tree(pid int) []int {
	processes := []int{pid}
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return processes // unreachable: the pattern is well formed
	}
	for _, path := range tasks {
		children, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has exited
		}
		for _, field := range strings.Fields(string(children)) {
			if descendant, err := strconv.Atoi(field); err == nil {
				processes = append(processes, tree(descendant)...)
			}
		}
	}
	return processes
}
