// Package program runs a function as a process under the Lambda Runtime API.
package program

import (
	"context"
	"log/slog"
	"os"

	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// Program is a function to run.
type Program struct {
	Handler runtimeapi.Function
	// Warmup prepares what most invocations need and what takes only CPU time: the execution environment
	// may be frozen before its first event, which no connection would survive. It may be nil.
	Warmup func()
}

// Run runs the program that build returns until the Runtime API fails, then ends the process. An error of
// build is reported to the Runtime API.
func Run(build func(env func(string) string, log *slog.Logger) (Program, error)) {
	log := telemetry.NewLogger(os.Stdout)
	address := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	program, err := build(os.Getenv, log)
	if err != nil {
		reportInitError(address, err)
		log.Error("init failed", "error", err.Error())
		os.Exit(1)
	}
	client := runtimeapi.New(address, log)
	client.Warmup = program.Warmup
	err = client.Serve(context.Background(), program.Handler)
	log.Error("the runtime API failed", "error", err.Error())
	os.Exit(1)
}
