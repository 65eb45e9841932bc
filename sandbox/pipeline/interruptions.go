package pipeline

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// interruptions end jobs in the middle of an update, as a cancelled job or a failed machine does.
func (s *session) interruptions() []step {
	return []step{
		{"an update that is killed leaves no lock", func(ctx context.Context) error {
			if err := s.propose(ctx, "third", "Change the function once more", replace("lambda/touched.go", "touched", "third")); err != nil {
				return err
			}
			if err := s.expect(ctx, s.request("third", []string{"preview:dev", "preview:prod", "review"}), true); err != nil {
				return err
			}
			if err := s.merged(ctx, "third"); err != nil {
				return err
			}
			run := Run{Source: "push", Branch: "main", Jobs: []string{"deploy:dev"}, During: s.interrupt("dev", syscall.SIGKILL)}
			return errors.Join(s.expect(ctx, run, false, "the lock of this job's killed process"), s.unlocked(ctx, "dev"))
		}},
		{"a cancelled update releases its lock", func(ctx context.Context) error {
			return errors.Join(s.again(ctx, s.interrupt("dev", syscall.SIGTERM), false), s.unlocked(ctx, "dev"))
		}},
		{"the next update completes an interrupted one", func(ctx context.Context) error {
			return s.again(ctx, nil, true)
		}},
	}
}

// begun matches a line of the CLI's output about a resource that is being changed.
var begun = regexp.MustCompile(`(updating|creating|replacing) \(\d+s\)`)

// interrupt sends a signal to the pulumi that updates the stack, once it changes something.
func (s *session) interrupt(stack string, signal syscall.Signal) func(context.Context, func() string) error {
	return func(ctx context.Context, output func() string) error {
		for {
			_, update, found := strings.Cut(output(), "$ pulumi up ")
			if found && begun.MatchString(update) {
				break
			}
			select {
			case <-ctx.Done():
				return errors.New("the update was to be interrupted, and ended before it changed anything")
			case <-time.After(50 * time.Millisecond):
			}
		}
		locks, err := s.locks(ctx, stack)
		if err != nil {
			return err
		}
		if len(locks) != 1 {
			return fmt.Errorf("%d locks on stack %s while it is updated, must be 1", len(locks), stack)
		}
		all := []int{locks[0].PID}
		if signal == syscall.SIGKILL {
			// The end of a container also ends the plugins; here they would continue.
			if all, err = family(locks[0].PID); err != nil {
				return err
			}
		}
		for _, pid := range all {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("interrupt process %d: %w", pid, err)
			}
		}
		return nil
	}
}

// family is a process and all that it has started, itself first.
func family(pid int) ([]int, error) {
	all := []int{pid}
	for i := 0; i < len(all); i++ {
		files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", all[i]))
		if err != nil {
			return nil, err
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				continue // the thread has ended
			}
			for _, field := range strings.Fields(string(text)) {
				child, err := strconv.Atoi(field)
				if err != nil {
					return nil, fmt.Errorf("children of process %d: %w", all[i], err)
				}
				all = append(all, child)
			}
		}
	}
	return all, nil
}

// unlocked checks that the stack has no lock.
func (s *session) unlocked(ctx context.Context, stack string) error {
	locks, err := s.locks(ctx, stack)
	if err == nil && len(locks) > 0 {
		err = fmt.Errorf("stack %s is left with %d locks", stack, len(locks))
	}
	return err
}

// accept matches a job's message with the fingerprint of a preview that no merge request showed.
var accept = regexp.MustCompile(`ACCEPT_PREVIEW \(protected\) to ([0-9a-f]+)`)

// again runs the job of dev once more. After an interrupted update the remaining changes are not those that the merge
// request showed, so they are accepted by their fingerprint.
func (s *session) again(ctx context.Context, during func(context.Context, func() string) error, ok bool) error {
	run := Run{Source: "push", Branch: "main", Jobs: []string{"deploy:dev"}, During: during}
	result, err := s.runner.Run(ctx, run)
	if print := accept.FindStringSubmatch(result.Output); print != nil {
		return s.accepting(ctx, run, print[1], ok)
	}
	if err == nil && result.OK != ok {
		err = fmt.Errorf("the pipeline's success is %v, must be %v", result.OK, ok)
	}
	return err
}

// accepted runs a job that must stop with these words, and runs it again as its message says.
func (s *session) accepted(ctx context.Context, run Run, words ...string) error {
	result, err := s.runner.Run(ctx, run)
	if err != nil {
		return err
	}
	print := accept.FindStringSubmatch(result.Output)
	if print == nil {
		return errors.New("the job does not print the value of ACCEPT_PREVIEW")
	}
	for _, word := range words {
		if !strings.Contains(result.Output, word) {
			return fmt.Errorf("its output does not contain %q", word)
		}
	}
	return s.accepting(ctx, run, print[1], true)
}

// accepting runs a job with a fingerprint in the project's variable, which is set only while the job runs: a variable of
// the job, which GitLab's Retry does not accept, must not be needed here either.
func (s *session) accepting(ctx context.Context, run Run, print string, ok bool) error {
	s.runner.Variables["ACCEPT_PREVIEW"] = print
	defer delete(s.runner.Variables, "ACCEPT_PREVIEW")
	return s.expect(ctx, run, ok)
}
