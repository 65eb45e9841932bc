package restapi

import (
	"net/http"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// Config is what a Server needs.
type Config struct {
	Store   Store
	Invoker lambdahost.Invoker
	// AccessLog gets one formatted entry a request of a stage that has an
	// access log; nil drops them.
	AccessLog func(destinationARN, entry string)
}

// New returns the handler that serves every stage and custom domain that the
// store knows: /<restApiId>/<stage>/... or Host = custom domain.
func New(c Config) http.Handler { return http.NotFoundHandler() }
