// Package layout defines the sandbox's directories, files, ports and addresses.
package layout

import (
	"cmp"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// The defaults of SANDBOX_PORT, SANDBOX_NET and SANDBOX_PROXY_WARMUP.
const (
	DefaultPort        = 4566
	DefaultNetwork     = "127.77"
	DefaultProxyWarmUp = 3 * time.Second
)

// Account is the ID of the emulated account.
const Account = "000000000000"

// Layout has the directories and addresses of one sandbox. All paths are absolute.
type Layout struct {
	Repo    string // the repository
	Root    string // its subdirectory .sandbox, which contains all generated files
	Port    int    // first of the four ports on 127.0.0.1
	Network string // first two octets of the data plane's addresses
	// ProxyWarmUp is the time without capacity of an RDS proxy after the registration of its target.
	ProxyWarmUp time.Duration
	// ClockStopped is whether the clock of metrics and alarms only advances on request.
	ClockStopped bool
}

// Find returns the layout of the repository that contains dir, with the ports and addresses of the environment.
func Find(dir string) (Layout, error) {
	repo, err := findRepo(dir)
	if err != nil {
		return Layout{}, err
	}
	l := Layout{Repo: repo, Root: filepath.Join(repo, ".sandbox"), Port: DefaultPort, Network: DefaultNetwork, ProxyWarmUp: DefaultProxyWarmUp}
	if value := os.Getenv("SANDBOX_NET"); value != "" {
		first, err := netip.ParseAddr(value + ".0.0")
		if err != nil || !first.Is4() || !first.IsLoopback() {
			return Layout{}, fmt.Errorf("SANDBOX_NET=%s: must be the first two octets of a loopback network, such as %s", value, DefaultNetwork)
		}
		l.Network = value
	}
	if value := os.Getenv("SANDBOX_PORT"); value != "" {
		l.Port, err = strconv.Atoi(value)
		if err != nil || l.Port < 1024 || l.Port > 65532 {
			return Layout{}, fmt.Errorf("SANDBOX_PORT=%s: must be the first of four ports, 1024 to 65532", value)
		}
	}
	if value := os.Getenv("SANDBOX_PROXY_WARMUP"); value != "" {
		l.ProxyWarmUp, err = time.ParseDuration(value)
		if err != nil || l.ProxyWarmUp < 0 {
			return Layout{}, fmt.Errorf("SANDBOX_PROXY_WARMUP=%s: must be a duration such as %s", value, DefaultProxyWarmUp)
		}
	}
	switch value := os.Getenv("SANDBOX_CLOCK"); value {
	case "", "runs":
	case "stopped":
		l.ClockStopped = true
	default:
		return Layout{}, fmt.Errorf("SANDBOX_CLOCK=%s: must be runs or stopped", value)
	}
	return l, nil
}

// findRepo walks up from dir to the directory with sandbox/go.mod.
func findRepo(dir string) (string, error) {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("find the repository: %w", err)
	}
	for at := abs; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "sandbox", "go.mod")); err == nil {
			return at, nil
		}
		if at == filepath.Dir(at) {
			return "", fmt.Errorf("%s is not inside the repository (no sandbox/go.mod above it)", abs)
		}
	}
}

// Bin is the directory of the built programs.
func (l Layout) Bin() string { return filepath.Join(l.Root, "bin") }

// Venv is the Python environment of ministack and the servers.
func (l Layout) Venv() string { return filepath.Join(l.Root, "venv") }

// AWSVenv is the Python environment of the AWS CLI, created at first use.
func (l Layout) AWSVenv() string { return filepath.Join(l.Root, "venv-aws") }

// NodeVenv is the Python environment with Node.js, of npm packages.
func (l Layout) NodeVenv() string { return filepath.Join(l.Root, "venv-node") }

// PageLibraries is the directory of the npm packages of the page.
func (l Layout) PageLibraries() string { return filepath.Join(l.Build(), "page") }

// Browser is the directory of the browser that tests the page.
func (l Layout) Browser() string { return filepath.Join(l.Root, "browser") }

// Build is the directory of build caches and their stamps.
func (l Layout) Build() string { return filepath.Join(l.Root, "build") }

// Run is the directory of sockets and logs.
func (l Layout) Run() string { return filepath.Join(l.Root, "run") }

// Data is the directory of the servers' data and the functions' code.
func (l Layout) Data() string { return filepath.Join(l.Root, "data") }

// State is the directory of Pulumi's files other than the state. It is deleted with the daemon's data.
func (l Layout) State() string { return filepath.Join(l.Data(), "pulumi") }

// Home is PULUMI_HOME.
func (l Layout) Home() string { return filepath.Join(l.Root, "home") }

// CA is the file with the certificate that clients of the data plane trust.
func (l Layout) CA() string { return filepath.Join(l.Run(), "ca.pem") }

// Socket is the daemon's control socket. Its path may exceed the kernel's limit: see shortPath in package daemon.
func (l Layout) Socket() string { return filepath.Join(l.Run(), "daemon.sock") }

// Temp is the directory of temporary files of the daemon, of Pulumi and of their children. The machine's is shared with
// other users, and the AWS provider writes the function's package there under a name that another user can predict.
func (l Layout) Temp() string { return filepath.Join(l.Root, "tmp") }

// BuildTemp is the directory of temporary files of builds, which may run while the sandbox is stopped.
func (l Layout) BuildTemp() string { return filepath.Join(l.Build(), "tmp") }

// SharedTemp is the machine's directory of temporary files, even if TMPDIR is Temp.
func SharedTemp() string { return cmp.Or(os.Getenv(SharedTempName), os.TempDir()) }

// SharedTempName is the environment variable with SharedTemp for processes with another TMPDIR.
const SharedTempName = "SANDBOX_SHARED_TMPDIR"

// TempEnv returns the environment entries of a process whose temporary files are in dir.
func TempEnv(dir string) []string {
	return []string{"TMPDIR=" + dir, SharedTempName + "=" + SharedTemp()}
}

// PrivateDir creates a directory that only its owner can enter.
func PrivateDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("create a private directory: %w", err)
	}
	// An existing directory may have another mode.
	if err := os.Chmod(path, 0o700); err != nil {
		return fmt.Errorf("restrict a directory to its owner: %w", err)
	}
	return nil
}

// Log is the log file of a process or server.
func (l Layout) Log(name string) string { return filepath.Join(l.Run(), name+".log") }

// Calls is the authorization log: the allowed and denied calls of users and roles since the daemon's start, one JSON
// object per line.
func (l Layout) Calls() string { return filepath.Join(l.Run(), "calls.jsonl") }

// GatewayAddr is the AWS endpoint's host and port.
func (l Layout) GatewayAddr() string { return loopback(l.Port) }

// EmulatorAddr is the host and port of ministack, behind the gateway.
func (l Layout) EmulatorAddr() string { return loopback(l.Port + 1) }

// GatewayURL is the AWS endpoint.
func (l Layout) GatewayURL() string { return "http://" + l.GatewayAddr() }

// APIAddr is the host and port of the REST data plane.
func (l Layout) APIAddr() string { return loopback(l.Port + 2) }

// PageAddr is the host and port of the page about the sandbox.
func (l Layout) PageAddr() string { return loopback(l.Port + 3) }

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
