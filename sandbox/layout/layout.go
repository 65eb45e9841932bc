// Package layout says where the sandbox keeps what, and by which ports and
// addresses it is reached.
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

// The defaults of what SANDBOX_PORT, SANDBOX_NET and SANDBOX_PROXY_WARMUP set.
const (
	DefaultPort        = 4566
	DefaultNetwork     = "127.77"
	DefaultProxyWarmUp = 3 * time.Second
)

// Account is the number of the emulated account.
const Account = "000000000000"

// Layout is one sandbox's places. All paths are absolute.
type Layout struct {
	Repo    string // the repository
	Root    string // .sandbox in it: everything that is made
	Port    int    // first of the three ports on 127.0.0.1
	Network string // first two numbers of the data plane's addresses
	// ProxyWarmUp is how long an RDS proxy has no capacity after its target is registered.
	ProxyWarmUp time.Duration
}

// Find returns the layout of the repository that dir lies in, with the ports
// and addresses that the environment sets.
func Find(dir string) (Layout, error) {
	repo, err := findRepo(dir)
	if err != nil {
		return Layout{}, err
	}
	l := Layout{Repo: repo, Root: filepath.Join(repo, ".sandbox"), Port: DefaultPort, Network: DefaultNetwork, ProxyWarmUp: DefaultProxyWarmUp}
	if value := os.Getenv("SANDBOX_NET"); value != "" {
		first, err := netip.ParseAddr(value + ".0.0")
		if err != nil || !first.Is4() || !first.IsLoopback() {
			return Layout{}, fmt.Errorf("SANDBOX_NET=%s: want the first two numbers of a loopback network, such as %s", value, DefaultNetwork)
		}
		l.Network = value
	}
	if value := os.Getenv("SANDBOX_PORT"); value != "" {
		l.Port, err = strconv.Atoi(value)
		if err != nil || l.Port < 1024 || l.Port > 65533 {
			return Layout{}, fmt.Errorf("SANDBOX_PORT=%s: want the first of three ports, 1024 to 65533", value)
		}
	}
	if value := os.Getenv("SANDBOX_PROXY_WARMUP"); value != "" {
		l.ProxyWarmUp, err = time.ParseDuration(value)
		if err != nil || l.ProxyWarmUp < 0 {
			return Layout{}, fmt.Errorf("SANDBOX_PROXY_WARMUP=%s: must be a duration such as %s", value, DefaultProxyWarmUp)
		}
	}
	return l, nil
}

// findRepo walks up from dir to the folder with Pulumi.yaml and sandbox/.
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

// Bin is the folder of the programs that were built.
func (l Layout) Bin() string { return filepath.Join(l.Root, "bin") }

// Venv is the Python environment of ministack and the servers.
func (l Layout) Venv() string { return filepath.Join(l.Root, "venv") }

// AWSVenv is the Python environment of the AWS CLI, made when first used.
func (l Layout) AWSVenv() string { return filepath.Join(l.Root, "venv-aws") }

// NodeVenv is the Python environment that carries Node.js, made when first used.
func (l Layout) NodeVenv() string { return filepath.Join(l.Root, "venv-node") }

// Build is the folder of build caches and their stamps.
func (l Layout) Build() string { return filepath.Join(l.Root, "build") }

// Run is the folder of sockets and logs.
func (l Layout) Run() string { return filepath.Join(l.Root, "run") }

// Data is the folder of the servers' data and the functions' code.
func (l Layout) Data() string { return filepath.Join(l.Root, "data") }

// State is the folder of what Pulumi needs of a stack beside its state: it goes
// with the daemon's data.
func (l Layout) State() string { return filepath.Join(l.Data(), "pulumi") }

// Home is PULUMI_HOME.
func (l Layout) Home() string { return filepath.Join(l.Root, "home") }

// CA is the certificate that clients of the data plane trust.
func (l Layout) CA() string { return filepath.Join(l.Run(), "ca.pem") }

// Socket is the daemon's control socket. Its path may be longer than the kernel takes: see daemon's
// shortPath.
func (l Layout) Socket() string { return filepath.Join(l.Run(), "daemon.sock") }

// Temp is the folder of temporary files of the daemon, of Pulumi and of what they start. The machine's
// is shared with other users, and the AWS provider writes the function's package there under a name
// that another user can predict.
func (l Layout) Temp() string { return filepath.Join(l.Root, "tmp") }

// BuildTemp is the folder of temporary files of builds, which may run while the sandbox is stopped.
func (l Layout) BuildTemp() string { return filepath.Join(l.Build(), "tmp") }

// SharedTemp is the machine's folder of temporary files, also where TMPDIR is Temp.
func SharedTemp() string { return cmp.Or(os.Getenv(SharedTempName), os.TempDir()) }

// SharedTempName is the environment variable that holds SharedTemp for what has another TMPDIR.
const SharedTempName = "SANDBOX_SHARED_TMPDIR"

// TempEnv are the environment entries of a process whose temporary files are in dir.
func TempEnv(dir string) []string {
	return []string{"TMPDIR=" + dir, SharedTempName + "=" + SharedTemp()}
}

// PrivateDir makes a folder that its owner alone can enter.
func PrivateDir(path string) error {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return fmt.Errorf("make a private folder: %w", err)
	}
	// An earlier one may have another mode.
	if err := os.Chmod(path, 0o700); err != nil {
		return fmt.Errorf("close a folder to others: %w", err)
	}
	return nil
}

// Log is a log file by the name of what writes it.
func (l Layout) Log(name string) string { return filepath.Join(l.Run(), name+".log") }

// Calls is the record of what users and roles were let do and refused since the
// daemon started, a JSON object a line.
func (l Layout) Calls() string { return filepath.Join(l.Run(), "calls.jsonl") }

// GatewayAddr is the AWS endpoint's host and port.
func (l Layout) GatewayAddr() string { return loopback(l.Port) }

// EmulatorAddr is ministack's own host and port, behind the gateway.
func (l Layout) EmulatorAddr() string { return loopback(l.Port + 1) }

// GatewayURL is the AWS endpoint.
func (l Layout) GatewayURL() string { return "http://" + l.GatewayAddr() }

// APIAddr is the host and port of the REST data plane.
func (l Layout) APIAddr() string { return loopback(l.Port + 2) }

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
