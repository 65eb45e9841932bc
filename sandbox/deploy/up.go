package deploy

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// ErrFailed means that the CLI exited with an error.
var ErrFailed = errors.New("pulumi failed")

// Up deploys the stack. It calls report with the progress and writes the CLI's full output to the log.
func (s *Stack) Up(ctx context.Context, report func(*Progress)) (*Progress, error) {
	log, err := os.Create(s.Log())
	if err != nil {
		return nil, fmt.Errorf("create the run's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	path := filepath.Join(s.Layout.Run(), "events-"+s.Name+".json")
	events, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_RDONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create the run's event log: %w", err)
	}
	defer func() { _ = events.Close() }()
	var progress *Progress
	err = whileBusy(s.Layout, s.Name, func() (err error) {
		ended := make(chan error, 1)
		go func() {
			// --event-log requires the debug commands.
			ended <- s.Run(ctx, log, map[string]string{"PULUMI_DEBUG_COMMANDS": "true"},
				s.Args("up", "--yes", "--skip-preview", "--suppress-outputs", "--color", "never", "--event-log", path)...)
		}()
		progress, err = follow(bufio.NewReader(events), ended, report)
		return err
	})
	return progress, err
}

// Log is the file with the CLI's full output of the last up.
func (s *Stack) Log() string { return s.Layout.Log("up-" + s.Name) }

// follow reads events until the run has ended.
func follow(events *bufio.Reader, ended <-chan error, report func(*Progress)) (*Progress, error) {
	progress := &Progress{}
	var rest []byte
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-ended:
			if reading := progress.Read(events, &rest); reading != nil {
				return progress, errors.Join(err, reading)
			}
			report(progress)
			return progress, err
		case <-tick.C:
			if err := progress.Read(events, &rest); err != nil {
				return progress, errors.Join(err, <-ended)
			}
			report(progress)
		}
	}
}
