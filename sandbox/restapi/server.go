package restapi

import (
	"bytes"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

// Config configures the data plane.
type Config struct {
	Store   Store
	Invoker lambdahost.Invoker
	// AccessLog receives one formatted entry per request of a stage with an access log; nil discards them.
	AccessLog func(destinationARN, entry string)
	// Served is called with each request to a stage after its response; nil: none.
	Served func(Served)
	// Untimed reports whether the integration with a function, by its name, has no timeout, because a debugger may stop it;
	// nil: none.
	Untimed func(function string) bool
	// Decision is called with each decision about a signed request; nil: not recorded.
	Decision func(principal, action, resource string, allowed bool)
	// Now is the clock that signatures and cached results are checked with; nil: time.Now.
	Now func() time.Time
}

// New returns the handler of all stages and custom domains of the store: /<restApiId>/<stage>/... or Host = custom
// domain.
func New(c Config) http.Handler {
	if c.AccessLog == nil {
		c.AccessLog = func(string, string) {}
	}
	if c.Served == nil {
		c.Served = func(Served) {}
	}
	if c.Untimed == nil {
		c.Untimed = func(string) bool { return false }
	}
	if c.Decision == nil {
		c.Decision = func(string, string, string, bool) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &server{config: c, deployed: map[string]deployed{}, limits: newLimits(time.Now), results: newResults(c.Now)}
}

type server struct {
	config  Config
	limits  *limits
	results *results

	mu       sync.Mutex
	deployed map[string]deployed // by API and stage
}

// deployed is a compiled document with its source.
type deployed struct {
	deployment string
	source     []byte
	document   *document
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(s, w, r)
	defer x.end() // also for an aborted stream
	if gatewayError := x.locate(); gatewayError != nil {
		x.respondWithError(gatewayError)
		return
	}
	if gatewayError := x.check(); gatewayError != nil {
		x.respondWithError(gatewayError)
		return
	}
	if gatewayError := x.integrate(); gatewayError != nil {
		x.respondWithError(gatewayError)
	}
}

// locate finds the stage, its document, the resource and the method.
func (x *exchange) locate() *gatewayError {
	apiID, stageName, path, err := x.target()
	if err == nil && stageName == "" { // the store would look up the list of stages
		err = ErrNotFound
	}
	if err != nil {
		return x.lookupError(err)
	}
	x.stage, err = x.server.config.Store.Stage(x.request.Context(), apiID, stageName)
	if err != nil {
		return x.lookupError(err)
	}
	if !x.customDomain {
		if x.stage.DisableExecuteAPI {
			return newGatewayError(forbidden, "Forbidden")
		}
		x.domain = x.stage.APIID + ".execute-api." + x.stage.Region + ".amazonaws.com"
	}
	x.document, err = x.server.compiled(x.stage)
	if err != nil {
		x.integrationError = err.Error()
		return newGatewayError(apiConfigurationError, "Internal server error")
	}
	x.stagePath = path
	resource, params := x.document.match(path)
	if resource == nil {
		return newGatewayError(missingAuthenticationToken, "Missing Authentication Token")
	}
	x.resource, x.params = resource, params
	if x.operation = resource.operation(x.request.Method); x.operation == nil {
		return newGatewayError(missingAuthenticationToken, "Missing Authentication Token")
	}
	return nil
}

// lookupError returns the error for a stage or domain that cannot be found.
func (x *exchange) lookupError(err error) *gatewayError {
	if errors.Is(err, ErrNotFound) {
		return newGatewayError(forbidden, "Forbidden")
	}
	x.integrationError = err.Error()
	return newGatewayError(apiConfigurationError, "Internal server error")
}

// target splits the request's host and path into API, stage and the path in the stage, without decoding. Slashes before
// the stage are ignored; those after it are only in requestContext.path, as recorded on AWS (TestPathsOfTheEvent).
func (x *exchange) target() (apiID, stage, path string, err error) {
	escaped := "/" + strings.TrimLeft(x.rawPath(), "/")
	host, _, splitErr := net.SplitHostPort(x.request.Host)
	if splitErr != nil {
		host = x.request.Host // without a port
	}
	domain, err := x.server.config.Store.Domain(x.request.Context(), host)
	switch {
	case err == nil:
		x.customDomain, x.domain, x.path = true, domain.Name, escaped
		x.contextPath = escaped
		return mapped(domain, escaped)
	case !errors.Is(err, ErrNotFound):
		return "", "", "", err
	}
	apiID, rest := firstSegment(escaped)
	stage, sent := firstSegment("/" + strings.TrimLeft(rest, "/"))
	x.path, x.contextPath = "/"+strings.TrimLeft(sent, "/"), "/"+stage+sent
	return apiID, stage, x.path, nil
}

// rawPath is the path as the client sent it. net/url would escape characters that the client has not escaped.
func (x *exchange) rawPath() string {
	path, _, _ := strings.Cut(x.request.RequestURI, "?")
	if !strings.HasPrefix(path, "/") { // absolute form, or a request of a test
		return x.request.URL.EscapedPath()
	}
	return path
}

// mapped chooses the longest base path that is a prefix of the request's path.
func mapped(domain Domain, path string) (apiID, stage, rest string, err error) {
	best := -1
	for _, m := range domain.Mappings {
		base := strings.Trim(m.BasePath, "/")
		inside := base == "" || path == "/"+base || strings.HasPrefix(path, "/"+base+"/")
		if !inside || len(base) <= best {
			continue
		}
		best, apiID, stage, rest = len(base), m.APIID, m.Stage, path
		if base != "" {
			rest = "/" + strings.TrimLeft(strings.TrimPrefix(path, "/"+base), "/")
		}
	}
	if best < 0 {
		return "", "", "", ErrNotFound
	}
	if stage == "" {
		stage, rest = firstSegment(rest)
	}
	return apiID, stage, rest, nil
}

// firstSegment splits "/a/b/c" into "a" and "/b/c".
func firstSegment(path string) (string, string) {
	segment, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment, "/" + rest
}

// compiled returns the stage's document, compiled once per deployment.
func (s *server) compiled(stage Stage) (*document, error) {
	key := stage.APIID + "/" + stage.Name
	s.mu.Lock()
	defer s.mu.Unlock()
	if d, ok := s.deployed[key]; ok && d.deployment == stage.DeploymentID && bytes.Equal(d.source, stage.Document) {
		return d.document, nil
	}
	doc, err := compile(stage.Document)
	if err != nil {
		return nil, err
	}
	s.deployed[key] = deployed{stage.DeploymentID, stage.Document, doc}
	return doc, nil
}
