package child

import (
	"os/exec"
	"runtime"
	"sync"
)

// The kernel sends a parent-death signal when the forking thread exits, not when the process does. So one thread, which
// never exits, forks every child.
var (
	spawnOnce sync.Once
	spawns    chan spawn
)

type spawn struct {
	cmd  *exec.Cmd
	done chan error
}

// startOnLastingThread starts cmd from the thread that lives as long as the process.
func startOnLastingThread(cmd *exec.Cmd) error {
	spawnOnce.Do(func() {
		spawns = make(chan spawn)
		go func() {
			runtime.LockOSThread()
			for s := range spawns {
				s.done <- s.cmd.Start()
			}
		}()
	})
	s := spawn{cmd: cmd, done: make(chan error, 1)}
	spawns <- s
	return <-s.done
}
