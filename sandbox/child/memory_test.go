package child

import (
	"fmt"
	"os"
	"testing"
)

func TestMemory(t *testing.T) {
	for status, want := range map[string]Memory{
		"Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t   1024 kB\nThreads:\t1\n": {Resident: 1 << 20, Peak: 2 << 20},
		"Name:\tkthread\n":  {},
		"VmRSS:\tmuch kB\n": {},
	} {
		t.Run(fmt.Sprintf("in %q", status), func(t *testing.T) {
			if got := memoryIn([]byte(status)); got != want {
				t.Errorf("%+v, want %+v", got, want)
			}
		})
	}
	t.Run("of a running process", func(t *testing.T) {
		if m := MemoryOf(os.Getpid()); m.Resident == 0 || m.Peak < m.Resident {
			t.Errorf("%+v", m)
		}
	})
	t.Run("of one that has ended", func(t *testing.T) {
		const beyond = 1 << 22 // the largest that the kernel gives (proc_sys_kernel, pid_max)
		if m := MemoryOf(beyond + 1); m != (Memory{}) {
			t.Errorf("%+v", m)
		}
	})
}
