package child

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// MarkerName is the environment variable by which every process of a sandbox
// is known; its value is the sandbox's root folder.
const MarkerName = "SANDBOX_ROOT"

// Marker is the environment entry that children of the sandbox at root carry.
func Marker(root string) string { return MarkerName + "=" + root }

// Marked lists the processes that carry the marker of the sandbox at root,
// except this one. Processes of other users are not seen unless we are root.
func Marked(root string) ([]int, error) {
	files, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	want := []byte(Marker(root))
	var pids []int
	for _, file := range files {
		env, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile, or not ours to see
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err != nil || pid == os.Getpid() {
			continue
		}
		for _, entry := range bytes.Split(env, []byte{0}) {
			if bytes.Equal(entry, want) {
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids, nil
}

// KillMarked ends the processes of the sandbox at root, except those that
// descend from the process spare (0: none is spared) and those that we descend
// from. It returns how many there were, once they are gone.
func KillMarked(ctx context.Context, root string, spare int) (int, error) {
	ours := ancestors(os.Getpid())
	ended := map[int]bool{}
	for {
		pids, err := Marked(root)
		if err != nil {
			return len(ended), err
		}
		left := 0
		for _, pid := range pids {
			if ours[pid] || spare != 0 && ancestors(pid)[spare] {
				continue
			}
			left++
			ended[pid] = true
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have ended by itself
		}
		if left == 0 {
			return len(ended), nil
		}
		select {
		case <-ctx.Done():
			return len(ended), fmt.Errorf("%d processes of the sandbox do not end: %w", left, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ancestors are the process and what it descends from.
func ancestors(pid int) map[int]bool {
	chain := map[int]bool{}
	for pid > 0 && !chain[pid] {
		chain[pid] = true
		pid = parent(pid)
	}
	return chain
}

// parent is a process's parent; 0 when it cannot be told.
func parent(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name in parentheses may hold anything; the state and the parent
	// follow it.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return 0
	}
	ppid, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return ppid
}
