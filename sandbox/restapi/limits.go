package restapi

import "time"

// Limits of API Gateway REST APIs, from the developer guide's page "Quotas for configuring and running a REST API"
// unless noted otherwise.
const (
	// MaxPayload is the maximum size of a request body in bytes.
	MaxPayload = 10 * 1024 * 1024
	// DefaultTimeout is the timeout of an integration without one in the document.
	DefaultTimeout = 29 * time.Second
	// StreamIdle is the idle timeout of a regional API's stream (page "Stream the integration response for your proxy
	// integrations").
	StreamIdle = 5 * time.Minute
	// maxPrelude is the maximum offset of a stream's delimiter in bytes (page "Set up a Lambda proxy integration with
	// payload response streaming").
	maxPrelude = 16 * 1024
)

// The limit of 2 MB/s after a stream's first 10 MB is not emulated: Lambda's applies after 6 MB already.
