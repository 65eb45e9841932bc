package lambdahost

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// daemonTest marks the test binary that plays the daemon; its value is where
// the test functions lie built.
const daemonTest = "LAMBDAHOST_TEST_DAEMON"

// TestDaemon is the daemon of TestProcessesDieWithTheDaemon: it starts a
// function, prints the id of its process, which is at work, and waits to be killed.
func TestDaemon(t *testing.T) {
	if os.Getenv(daemonTest) == "" {
		return
	}
	h, _ := newFunction(t, func(s *fakeSource, _ *Config) { s.function.Timeout = time.Minute })
	pid := answer[identity](t, h, `{"do":"identity"}`).PID
	go func() {
		time.Sleep(200 * time.Millisecond) // let the function begin to sleep
		fmt.Println(pid)
	}()
	// An idle function would end by itself when the Runtime API goes away.
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
	_ = daemon.Wait() // killed, as asked for
	waitGone(t, pid)
}
