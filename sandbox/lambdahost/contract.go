// Package lambdahost runs deployed Lambda functions as processes under a
// Lambda Runtime API of its own: concurrency, time-outs, memory limit, init
// errors and response streaming as the platform has them.
package lambdahost

import (
	"context"
	"io"
	"time"
)

// Function is one published version (or $LATEST) as the control plane has it.
type Function struct {
	ARN          string // with the qualifier that was asked for
	Name         string
	Version      string // "$LATEST" or a number
	Handler      string // becomes _HANDLER
	RoleARN      string
	CodeSHA256   string // base64, as in the Lambda API; keys the unpacked code
	Environment  map[string]string
	MemoryMB     int
	Timeout      time.Duration
	LogGroup     string
	Architecture string // "arm64" or "x86_64"
	Reserved     *int   // reserved concurrency; nil: unreserved
	KeyARN       string // of the environment; empty: Lambda's own
}

// Source looks functions up in the control plane.
type Source interface {
	// Function resolves name (or ARN) and qualifier (alias, version or empty).
	// A missing one is ErrNotFound.
	Function(ctx context.Context, name, qualifier string) (Function, error)
	// Code opens the zip of the version.
	Code(ctx context.Context, f Function) (io.ReadCloser, error)
	// Credentials are temporary ones of the function's role.
	Credentials(ctx context.Context, f Function) (Credentials, error)
}

// Credentials are temporary credentials of a role.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}
