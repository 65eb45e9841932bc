// Package unlock removes the lock that a killed job of this machine left on a stack. It reports locks of others
// and keeps them.
//
// The lock is a file of Pulumi's own backends: .pulumi/locks/organization/<project>/<stack>/<id>.json
// with its owner (pkg/backend/diy/lock.go).
package unlock

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/project"
)

// lock is the owner of a stack's lock.
type lock struct {
	PID       int       `json:"pid"`
	Username  string    `json:"username"`
	Hostname  string    `json:"hostname"`
	Timestamp time.Time `json:"timestamp"`
}

// backend stores the locks.
type backend interface {
	list(ctx context.Context, prefix string) ([]string, error)
	read(ctx context.Context, key string) ([]byte, error)
	remove(ctx context.Context, key string) error
}

// Run removes the locks of processes of this machine that have ended. It fails while others lock the stack.
func Run(ctx context.Context, io command.IO, args []string) error {
	flags := command.Flags("unlock")
	stack := flags.String("stack", "", "the `stack` that a killed job may have left locked")
	project := project.Flag(flags)
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	if *stack == "" {
		return command.BadUsage("set --stack")
	}
	name, err := project()
	if err != nil {
		return err
	}
	b, err := open(ctx, os.Getenv("PULUMI_BACKEND_URL"))
	if err != nil {
		return err
	}
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("read the host name: %w", err)
	}
	return release(ctx, io, b, ".pulumi/locks/organization/"+name+"/"+*stack+"/", *stack, host, alive)
}

func release(ctx context.Context, io command.IO, b backend, prefix, stack, host string, alive func(pid int) bool) error {
	keys, err := b.list(ctx, prefix)
	if err != nil {
		return fmt.Errorf("list the locks of stack %s: %w", stack, err)
	}
	if len(keys) == 0 {
		_, _ = fmt.Fprintf(io.Stderr, "stack %s has no lock: there is no %s\n", stack, prefix)
	}
	held := false
	for _, key := range keys {
		text, err := b.read(ctx, key)
		if err != nil {
			return fmt.Errorf("read the lock of stack %s: %w", stack, err)
		}
		var l lock
		if err := json.Unmarshal(text, &l); err != nil {
			return fmt.Errorf("read the lock of stack %s in %s: %w", stack, key, err)
		}
		if l.Hostname != host || alive(l.PID) {
			held = true
			_, _ = fmt.Fprintf(io.Stderr, "stack %s is locked by %s@%s (pid %d) since %s. Wait for that run; if it is gone, run: pulumi cancel --stack %s\n",
				stack, l.Username, l.Hostname, l.PID, l.Timestamp.Format(time.RFC3339), stack)
			continue
		}
		if err := b.remove(ctx, key); err != nil {
			return fmt.Errorf("remove the lock of stack %s: %w", stack, err)
		}
		_, _ = fmt.Fprintf(io.Stdout, "stack %s: the lock of this job's killed process %d is removed\n", stack, l.PID)
	}
	if held {
		return command.ErrNo
	}
	return nil
}

// alive reports whether a process with that id runs on this machine.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
