// Package compile has the go command that compiles a function for Lambda, for the deployment and for the sandbox's
// development loop.
package compile

import (
	"fmt"
	"os"
	"os/exec"
)

// architectures are Go's names of Lambda's architectures.
var architectures = map[string]string{"arm64": "arm64", "x86_64": "amd64"}

// Command returns the go command that compiles a command of the module in the directory source to the file output.
// Everything that could make two builds of one source differ is switched off or pinned: paths, version control, build
// ids, and the caller's own Go settings. It needs the go command on PATH.
func Command(source, command, architecture, output string) (*exec.Cmd, error) {
	return build(source, architecture, "-trimpath", "-ldflags", "-s -w -buildid=", "-tags", tags, "-o", output, command)
}

// Debug returns the same for a debugger: with symbols and the source's paths, without optimizations of the function's own packages, and with the build
// tag debugger, which removes the function's own time limits.
func Debug(source, command, architecture, output string) (*exec.Cmd, error) {
	return build(source, architecture, "-gcflags", "./...=-N -l", "-tags", tags+",debugger", "-o", output, command)
}

// tags is the build tag of each function: without the RPC server of the runtime go1.x.
const tags = "lambda.norpc"

func build(source, architecture string, arguments ...string) (*exec.Cmd, error) {
	arch, ok := architectures[architecture]
	if !ok {
		return nil, fmt.Errorf("architecture %q must be arm64 or x86_64", architecture)
	}
	cmd := exec.Command("go", append([]string{"build", "-buildvcs=false"}, arguments...)...)
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch,
		"GOFLAGS=", "GOWORK=off", "GOEXPERIMENT=", "GOAMD64=v1", "GOARM64=v8.0")
	return cmd, nil
}
