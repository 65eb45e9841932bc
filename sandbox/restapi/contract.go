// Package restapi is the data plane of emulated API Gateway REST APIs: it
// serves deployed OpenAPI documents as stages, checks a request as the
// platform does (route, API key, throttling, validation, the function's
// resource policy), invokes the function with the proxy event and writes its
// answer, streamed where the document says so.
package restapi

import (
	"context"
	"errors"
)

// ErrNotFound says that the control plane has no such API, stage, domain or
// function.
var ErrNotFound = errors.New("not found")

// Store is what the data plane reads of the control plane. It is asked on
// every request, so answers must come from memory, and it must be safe for
// concurrent use.
type Store interface {
	// Stage returns a stage with the document deployed to it; ErrNotFound when
	// the API or the stage does not exist.
	Stage(ctx context.Context, apiID, stage string) (Stage, error)
	// Domain returns the custom domain served under host (no port);
	// ErrNotFound when host is not a custom domain.
	Domain(ctx context.Context, host string) (Domain, error)
	// Keys returns the API keys that usage plans bind to the stage: one entry
	// for every pair of key and plan, disabled keys included.
	Keys(ctx context.Context, apiID, stage string) ([]Key, error)
	// FunctionPolicy returns the resource policy (JSON, as lambda:GetPolicy
	// gives it) of exactly this function ARN, qualifier included; ErrNotFound
	// when it has none.
	FunctionPolicy(ctx context.Context, functionARN string) (string, error)
}

// Stage is one stage of an API with what is deployed to it.
type Stage struct {
	APIID     string
	AccountID string
	Region    string
	Name      string
	// DeploymentID names the snapshot; the compiled document is kept until
	// another id (or another document) is served by the stage.
	DeploymentID string
	// Document is the OpenAPI 3 document (JSON or YAML) as it was when the
	// deployment was created, not as the API is now.
	Document  []byte
	Variables map[string]string
	// Methods are the stage's method settings by the control plane's key:
	// "*/*" or "~1items~1{id}/GET".
	Methods map[string]MethodSettings
	// AccessLog is nil when the stage has none.
	AccessLog *AccessLog
	// DisableExecuteAPI is disableExecuteApiEndpoint: only the custom domain
	// serves the API.
	DisableExecuteAPI bool
	// TracingEnabled is the stage's X-Ray switch.
	TracingEnabled bool
}

// MethodSettings are a stage's settings of one method or of all.
type MethodSettings struct {
	// Rate (requests a second) and Burst (requests); a negative or zero Rate
	// together with a zero Burst means that none is set.
	Rate  float64
	Burst int
}

// AccessLog is where and how a stage logs its requests.
type AccessLog struct {
	DestinationARN string // of the log group or the delivery stream
	Format         string // with $context variables
}

// Key is an API key within one usage plan.
type Key struct {
	ID      string
	Name    string
	Value   string
	Enabled bool
	PlanID  string
	Plan    Plan
}

// Plan is the part of a usage plan that holds for one stage of one API.
type Plan struct {
	// Rate (requests a second) and Burst of every key; zero: no limit.
	Rate  float64
	Burst int
	// Methods are the throttles of single methods, "/items/{id}/GET" -> limit.
	Methods map[string]MethodSettings
	// Quota is the number of requests a period; zero: no quota.
	Quota       int
	QuotaPeriod string // "DAY", "WEEK" or "MONTH"
}

// Domain is a custom domain with its base path mappings.
type Domain struct {
	Name     string
	Mappings []Mapping
}

// Mapping leads a base path of a custom domain to a stage.
type Mapping struct {
	BasePath string // empty: the root, which the API calls "(none)"
	APIID    string
	Stage    string // empty: the first path segment names the stage
}
