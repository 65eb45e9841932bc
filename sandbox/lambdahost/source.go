// Package lambdahost runs deployed Lambda functions as processes with their own Lambda Runtime API. Concurrency,
// timeouts, memory limit, init errors and response streaming are as on AWS.
package lambdahost

import (
	"context"
	"io"
	"time"
)

// Function is a published version, or $LATEST, in the control plane.
type Function struct {
	ARN          string // with the requested qualifier
	Name         string
	Version      string // "$LATEST" or a number
	Handler      string // becomes _HANDLER
	RoleARN      string
	CodeSHA256   string // base64, as in the Lambda API; identifies the unpacked code
	Environment  map[string]string
	Tags         map[string]string
	MemoryMB     int
	Timeout      time.Duration
	LogGroup     string
	Architecture string // "arm64" or "x86_64"
	Reserved     *int   // reserved concurrency; nil: unreserved
	VPC          bool   // it has subnets
	Weighted     bool   // the requested alias has several versions
	KeyARN       string // of the environment variables; empty: Lambda's key
}

// Source reads functions from the control plane.
type Source interface {
	// Function resolves name (or ARN) and qualifier (alias, version or empty). It returns ErrNotFound if there is none.
	Function(ctx context.Context, name, qualifier string) (Function, error)
	// Code opens the version's zip archive.
	Code(ctx context.Context, f Function) (io.ReadCloser, error)
	// Credentials returns temporary credentials of the function's role.
	Credentials(ctx context.Context, f Function) (Credentials, error)
}

// Credentials are temporary credentials of a role.
type Credentials struct {
	AccessKeyID, SecretAccessKey, SessionToken string
	Expires                                    time.Time
}
