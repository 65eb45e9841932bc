// Package program runs a function as a process under the Lambda Runtime API.
package program

import (
	"context"
	"log/slog"
	"os"

	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// Program is what a process runs.
type Program struct {
	Handler runtimeapi.Function
	// Prepare makes what an answer mostly needs and what takes a processor alone:
	// an instance may be frozen before its first event comes, and a connection
	// would not survive that. It may be nil.
	Warmup func()
}

// Run runs the program that build returns for an environment, until the Runtime
// API fails, and ends the process. What build finds wrong the platform is told.
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
