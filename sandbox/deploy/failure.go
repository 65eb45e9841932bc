package deploy

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// failure tells a CLI that ended by itself with an error (ErrFailed) from one
// that was killed or never ran.
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
