package pipeline

import (
	"bufio"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestAProcessAndWhatItHasStartedAreAFamily(t *testing.T) {
	command := exec.Command("sh", "-c", "sleep 60 & echo $!; wait")
	said, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	child, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	got, err := family(command.Process.Pid)
	if want := []int{command.Process.Pid, child}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
	for _, pid := range slices.Backward(got) {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Errorf("end process %d: %v", pid, err)
		}
	}
	_ = command.Wait() // it was killed
}
