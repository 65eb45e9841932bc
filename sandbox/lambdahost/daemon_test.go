package lambdahost

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// daemonTest is set if the test binary runs as the daemon; its value is the directory of the built test functions.
const daemonTest = "LAMBDAHOST_TEST_DAEMON"

// TestDaemon is the daemon of TestProcessesDieWithTheDaemon: it starts a function, prints the ID of its busy process
// and waits to be killed.
func TestDaemon(t *testing.T) {
	if os.Getenv(daemonTest) == "" {
		return
	}
	h, _ := newFunction(t, func(s *fakeSource, _ *Config) { s.function.Timeout = time.Minute })
	pid := invokeAs[identity](t, h, `{"do":"identity"}`).PID
	go func() {
		time.Sleep(200 * time.Millisecond) // until the function sleeps
		fmt.Println(pid)
	}()
	// An idle function would exit when its Runtime API disappears.
	invoke(t, h, `{"do":"sleep","sleep":60000000000}`)
}

func TestProcessesDieWithTheDaemon(t *testing.T) {
	daemon := exec.Command(os.Args[0], "-test.run=^TestDaemon$")
	daemon.Env = append(os.Environ(), daemonTest+"="+binaryDir, "TMPDIR="+t.TempDir())
	out, err := daemon.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := daemon.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	line, err := bufio.NewReader(out).ReadString('\n')
	if _, scanErr := fmt.Sscan(line, &pid); err != nil || scanErr != nil {
		t.Fatalf("the daemon said %q: %v, %v", line, err, scanErr)
	}
	if err := daemon.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = daemon.Wait() // killed on purpose
	waitGone(t, pid)
}
