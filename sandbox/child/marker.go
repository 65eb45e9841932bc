package child

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
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
