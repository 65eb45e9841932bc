package restapi

import "time"

// Limits of API Gateway REST APIs, from the developer guide's page "Quotas for
// configuring and running a REST API" unless said otherwise.
const (
	// MaxPayload is the largest request body, bytes.
	MaxPayload = 10 * 1024 * 1024
	// DefaultTimeout is an integration's time-out where the document has none.
	DefaultTimeout = 29 * time.Second
	// StreamIdle ends a stream of a regional API in which nothing moves (page
	// "Stream the integration response for your proxy integrations").
	StreamIdle = 5 * time.Minute
	// maxPrelude is how far into a stream its delimiter may be (page "Set up a
	// Lambda proxy integration with payload response streaming"), bytes.
	maxPrelude = 16 * 1024
)

// The 2 MB/s that hold after a stream's first 10 MB are not emulated: Lambda's hold after 6 MB already.
