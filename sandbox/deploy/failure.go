package deploy

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// failure returns ErrFailed for a CLI that exited with an error, and another error for one that was killed or not
// started.
func failure(err error) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return err
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	if ok && status.Signaled() {
		return fmt.Errorf("pulumi was killed (%w)", err)
	}
	return fmt.Errorf("%w (%w)", ErrFailed, err)
}
