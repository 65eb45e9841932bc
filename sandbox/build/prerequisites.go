package build

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// python is an interpreter that can create the sandbox's virtual environments. The path is that of the interpreter itself:
// version managers have several names for one (pyenv runs a shim, and puts another directory first on the PATH of what it
// runs), and an environment is created again for another interpreter.
type python struct{ path, version string }

// pythonNames are tried in this order. The servers' wheels support these versions.
var pythonNames = []string{"python3", "python3.11", "python3.12", "python3.13"}

// findPython finds Python 3.11, 3.12 or 3.13 with venv on PATH.
func findPython(ctx context.Context) (python, error) {
	var seen []string
	for _, name := range pythonNames {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		const probe = `import os, sys, venv, ensurepip; print("%d.%d" % sys.version_info[:2], sys.version.split()[0], os.path.realpath(sys.executable))`
		out, err := exec.CommandContext(ctx, path, "-c", probe).Output()
		if err != nil {
			seen = append(seen, name+" has no venv")
			continue
		}
		minor, rest, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
		version, interpreter, _ := strings.Cut(rest, " ")
		switch minor {
		case "3.11", "3.12", "3.13":
			return python{interpreter, version}, nil
		}
		seen = append(seen, name+" is "+version)
	}
	if len(seen) == 0 {
		seen = []string{"none found"}
	}
	return python{}, fmt.Errorf("python 3.11, 3.12 or 3.13 with venv (%s): on Debian, apt-get install python3 python3-venv", strings.Join(seen, ", "))
}

// Prerequisites returns an error that lists all programs that the machine lacks.
func Prerequisites(ctx context.Context) error {
	var missing []string
	if err := checkGo(ctx); err != nil {
		missing = append(missing, err.Error())
	}
	if _, err := findPython(ctx); err != nil {
		missing = append(missing, err.Error())
	}
	for _, tool := range []string{"make", "git", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			missing = append(missing, fmt.Sprintf("%s: on Debian, apt-get install %s", tool, tool))
		}
	}
	if len(missing) == 0 {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err // the programs were stopped with the command
	}
	return fmt.Errorf("this machine lacks what the sandbox requires:\n  - %s", strings.Join(missing, "\n  - "))
}

// oldestGo is the version that the modules require.
const oldestGo = "1.26"

func checkGo(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "go", "env", "GOVERSION").Output()
	if err != nil {
		return fmt.Errorf("go %s or newer: see go.dev/doc/install", oldestGo)
	}
	version := strings.TrimPrefix(strings.TrimSpace(string(out)), "go")
	if !atLeast(version, oldestGo) {
		return fmt.Errorf("go %s or newer (it is %s): see go.dev/doc/install", oldestGo, version)
	}
	return nil
}

// atLeast compares major and minor numbers.
func atLeast(version, oldest string) bool {
	var major, minor, wantMajor, wantMinor int
	if _, err := fmt.Sscanf(version, "%d.%d", &major, &minor); err != nil {
		return false
	}
	if _, err := fmt.Sscanf(oldest, "%d.%d", &wantMajor, &wantMinor); err != nil {
		return false
	}
	return major > wantMajor || major == wantMajor && minor >= wantMinor
}
