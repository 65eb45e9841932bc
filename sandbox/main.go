// Command sandbox runs the whole stack on one machine: it builds the tools,
// serves the emulated account and deploys the program to it.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"github.com/didomi/serverless-api/sandbox/cli"
	"github.com/didomi/serverless-api/sandbox/pipeline"
)

func main() {
	args := os.Args[1:]
	switch filepath.Base(os.Args[0]) {
	case "rsync": // called by the pipeline's runner
		if err := pipeline.Rsync(args); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "rsync:", err)
			os.Exit(1)
		}
		return
	case "pulumi": // called in the sandbox's shell
		args = append([]string{"pulumi"}, args...)
	}
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as under nohup
		ends = append(ends, syscall.SIGHUP) // the terminal was closed
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	code := cli.Main(ctx, args)
	stop()
	os.Exit(code)
}
