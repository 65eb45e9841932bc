package child

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// MarkerName is the environment variable that marks every process of a sandbox; its value is the sandbox's root
// directory.
const MarkerName = "SANDBOX_ROOT"

// Marker returns the environment entry of the processes of the sandbox at root.
func Marker(root string) string { return MarkerName + "=" + root }

// Marked lists the processes with the marker of the sandbox at root, except the current one. It finds processes of other
// users only if the user is root.
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
			continue // has exited, or belongs to another user
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

// Inside reports whether a process has a directory as its working directory.
func Inside(directory string) bool {
	links, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return false // unreachable: the pattern is well formed
	}
	return slices.ContainsFunc(links, func(link string) bool {
		at, err := os.Readlink(link)
		return err == nil && at == directory
	})
}

// KillMarked kills the processes of the sandbox at root and waits until they have exited. It spares the process spare (0:
// none) with its descendants, and the ancestors of the current process. It returns the number of killed processes.
func KillMarked(ctx context.Context, root string, spare int) (int, error) {
	own := ancestors(os.Getpid())
	ended := map[int]bool{}
	for {
		pids, err := Marked(root)
		if err != nil {
			return len(ended), err
		}
		left := 0
		for _, pid := range pids {
			if own[pid] || spare != 0 && ancestors(pid)[spare] {
				continue
			}
			left++
			ended[pid] = true
			_ = syscall.Kill(pid, syscall.SIGKILL) // it may have exited
		}
		if left == 0 {
			return len(ended), nil
		}
		select {
		case <-ctx.Done():
			return len(ended), fmt.Errorf("%d processes of the sandbox have not exited: %w", left, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// ancestors returns the process and its ancestors.
func ancestors(pid int) map[int]bool {
	chain := map[int]bool{}
	for pid > 0 && !chain[pid] {
		chain[pid] = true
		pid = parent(pid)
	}
	return chain
}

// parent returns the ID of a process's parent, or 0 if it is unknown.
func parent(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The name in parentheses may contain any character; the state and the parent follow it.
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
