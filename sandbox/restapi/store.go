// Package restapi is the data plane of emulated API Gateway REST APIs. It serves deployed OpenAPI documents as stages.
// It checks a request as API Gateway does (route, API key, throttling, validation, the function's resource policy),
// invokes the function with the proxy event and writes its response, streamed if the document says so.
package restapi

import (
	"context"
	"errors"
)

// ErrNotFound means that the control plane has no such API, stage, domain or function.
var ErrNotFound = errors.New("not found")

// Store is the part of the control plane that the data plane reads. It is called for every request, so it must return
// from memory, and must be safe for concurrent use.
type Store interface {
	// Stage returns a stage with the document deployed to it, or ErrNotFound.
	Stage(ctx context.Context, apiID, stage string) (Stage, error)
	// Domain returns the custom domain of a host (without port), or ErrNotFound.
	Domain(ctx context.Context, host string) (Domain, error)
	// Keys returns the API keys that usage plans associate with the stage: one entry for every pair of key and plan,
	// including disabled keys.
	Keys(ctx context.Context, apiID, stage string) ([]Key, error)
	// FunctionPolicy returns the resource policy of exactly this function ARN, including its qualifier, as JSON in the
	// form of lambda:GetPolicy. It returns ErrNotFound if there is none.
	FunctionPolicy(ctx context.Context, functionARN string) (string, error)
	// Principal returns the owner of an access key, ErrNotFound for an unknown or inactive key, or ErrExpiredToken.
	Principal(ctx context.Context, accessKeyID string) (Principal, error)
	// RoleInvokes returns an error if API Gateway cannot assume the role or the role may not invoke the function.
	RoleInvokes(ctx context.Context, roleARN, functionARN string) error
}

// Stage is a stage of an API with its deployment.
type Stage struct {
	APIID     string
	APIName   string
	AccountID string
	Region    string
	Name      string
	// DeploymentID identifies the deployment. The compiled document is cached until the stage has another ID or document.
	DeploymentID string
	// Document is the OpenAPI 3 document (JSON or YAML) at the time of the deployment.
	Document []byte
	// Policy is the API's resource policy at the time of the deployment; empty: the document's, if it has one.
	Policy    string
	Variables map[string]string
	// Methods are the stage's method settings by their keys in the control plane: "*/*" or "~1items~1{id}/GET".
	Methods map[string]MethodSettings
	// AccessLog is nil if the stage has none.
	AccessLog *AccessLog
	// AuthorizerFlushes is how often FlushStageAuthorizersCache was called: results from before a call are not used.
	AuthorizerFlushes int
	// DisableExecuteAPI is disableExecuteApiEndpoint: the API is available only at its custom domain.
	DisableExecuteAPI bool
	// TracingEnabled enables X-Ray for the stage.
	TracingEnabled bool
}

// apiARN is the ARN of the stage's API in policies, to which a stage and a method, or an authorizer are added.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (s *Stage) apiARN() string {
	return "arn:aws:execute-api:" + s.Region + ":" + s.AccountID + ":" + s.APIID
}

// MethodSettings are a stage's settings for one method or for all.
type MethodSettings struct {
	// Rate (requests per second) and Burst (requests). A Rate of zero or less with a Burst of zero means no limit.
	Rate  float64
	Burst int
	// Metrics enables metrics of each method.
	Metrics bool
}

// AccessLog is the access log configuration of a stage.
type AccessLog struct {
	DestinationARN string // of the log group or the delivery stream
	Format         string // with $context variables
}

// Key is an API key in one usage plan.
type Key struct {
	ID      string
	Name    string
	Value   string
	Enabled bool
	PlanID  string
	Plan    Plan
}

// Plan has the settings of a usage plan for one stage of one API.
type Plan struct {
	// Rate (requests per second) and Burst of every key; zero: no limit.
	Rate  float64
	Burst int
	// Methods are the throttles of single methods: "/items/{id}/GET" -> limit.
	Methods map[string]MethodSettings
	// Quota is the number of requests per period; zero: no quota.
	Quota       int
	QuotaPeriod string // "DAY", "WEEK" or "MONTH"
}

// Domain is a custom domain with its base path mappings.
type Domain struct {
	Name     string
	Mappings []Mapping
}

// Mapping maps a base path of a custom domain to a stage.
type Mapping struct {
	BasePath string // empty: the root, which the AWS API calls "(none)"
	APIID    string
	Stage    string // empty: the first path segment is the stage
}
