package child

import (
	"context"
	"errors"
	"strings"
	"syscall"
	"testing"
	"time"
)

func sleeper(t *testing.T) *Process {
	t.Helper()
	p, err := Start(Spec{Name: "sleeper", Path: "/bin/sleep", Args: []string{"3600"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(0) })
	return p
}

// kill ends the kept process and waits for its end.
func kill(k *Keeper) {
	p := k.Process()
	p.Signal(syscall.SIGKILL)
	<-p.Done()
}

// waitRestarts waits for a number of restarts.
func waitRestarts(t *testing.T, k *Keeper, n int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); k.Restarts().Count < n; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d restarts, want %d: %v", k.Restarts().Count, n, k.Err())
		}
	}
}

func TestAKilledProcessIsRestarted(t *testing.T) {
	k := Keep("sleeper", sleeper(t), func(context.Context) (*Process, error) { return sleeper(t), nil })
	first := k.Process().PID()
	kill(k)
	waitRestarts(t, k, 1)
	if got := k.Restarts(); k.Process().PID() == first || !k.Process().Alive() || got.Exit != "signal: killed" || got.Last.IsZero() {
		t.Errorf("process %d alive %v, %+v", k.Process().PID(), k.Process().Alive(), got)
	}
	k.Stop(time.Second)
	if k.Process().Alive() || k.Err() != nil || k.Restarts().Count != 1 {
		t.Errorf("after Stop: alive %v, %v, %d restarts", k.Process().Alive(), k.Err(), k.Restarts().Count)
	}
}

func TestAProcessThatKeepsCrashingIsGivenUp(t *testing.T) {
	k := Keep("sleeper", sleeper(t), func(context.Context) (*Process, error) {
		p, err := Start(Spec{Name: "crasher", Path: "/bin/false"})
		return p, err
	})
	kill(k)
	<-k.Ended()
	if err := k.Err(); err == nil || !strings.Contains(err.Error(), "ended 6 times within 1m0s and is not restarted (last exit: exit status 1)") {
		t.Errorf("given up with %v", err)
	}
}

func TestAFailedRestartIsTriedAgain(t *testing.T) {
	tries := 0
	k := Keep("sleeper", sleeper(t), func(context.Context) (*Process, error) {
		if tries++; tries < 3 {
			return nil, errors.New("the port is taken")
		}
		return sleeper(t), nil
	})
	kill(k)
	waitRestarts(t, k, 1)
	if err := k.Err(); err != nil || tries != 3 {
		t.Errorf("%d tries, %v", tries, err)
	}
	k.Stop(time.Second)
}

func TestAStopDuringARestartLeavesNothingRunning(t *testing.T) {
	starting, proceed := make(chan struct{}), make(chan struct{})
	var late *Process
	k := Keep("sleeper", sleeper(t), func(context.Context) (*Process, error) {
		close(starting)
		<-proceed
		late = sleeper(t)
		return late, nil
	})
	kill(k)
	<-starting
	go close(proceed)
	k.Stop(time.Second)
	if late.Alive() {
		t.Error("the process that was started during Stop is alive")
	}
}
