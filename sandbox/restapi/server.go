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
func New(c Config) http.Handler {
	if c.AccessLog == nil {
		c.AccessLog = func(string, string) {}
	}
	return &server{config: c, deployed: map[string]deployed{}, limits: newLimits(time.Now)}
}

type server struct {
	config Config
	limits *limits

	mu       sync.Mutex
	deployed map[string]deployed // by API and stage
}

// deployed is a compiled document and what it was compiled from.
type deployed struct {
	deployment string
	source     []byte
	document   *document
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := newExchange(s, w, r)
	defer x.logAccess() // runs for an aborted stream too
	if refusal := x.locate(); refusal != nil {
		x.refuse(refusal)
		return
	}
	if refusal := x.admit(); refusal != nil {
		x.refuse(refusal)
		return
	}
	if refusal := x.integrate(); refusal != nil {
		x.refuse(refusal)
	}
}

// locate finds the stage, its document, the resource and the method.
func (x *exchange) locate() *refusal {
	apiID, stageName, path, err := x.target()
	if err == nil && stageName == "" { // for which the store would look up the list of stages
		err = ErrNotFound
	}
	if err != nil {
		return x.missing(err)
	}
	x.stage, err = x.server.config.Store.Stage(x.request.Context(), apiID, stageName)
	if err != nil {
		return x.missing(err)
	}
	if !x.customDomain {
		if x.stage.DisableExecuteAPI {
			return newRefusal(forbidden, "Forbidden")
		}
		x.domain = x.stage.APIID + ".execute-api." + x.stage.Region + ".amazonaws.com"
	}
	x.document, err = x.server.compiled(x.stage)
	if err != nil {
		x.integrationError = err.Error()
		return newRefusal(apiConfigurationError, "Internal server error")
	}
	resource, params := x.document.match(path)
	if resource == nil {
		return newRefusal(missingAuthenticationToken, "Missing Authentication Token")
	}
	x.resource, x.params = resource, params
	if x.operation = resource.operation(x.request.Method); x.operation == nil {
		return newRefusal(missingAuthenticationToken, "Missing Authentication Token")
	}
	return nil
}

// missing is the answer to a stage or domain that cannot be found.
func (x *exchange) missing(err error) *refusal {
	if errors.Is(err, ErrNotFound) {
		return newRefusal(forbidden, "Forbidden")
	}
	x.integrationError = err.Error()
	return newRefusal(apiConfigurationError, "Internal server error")
}

// target takes the request's host and path apart into API, stage and the path
// within the stage. Nothing is decoded. Slashes before the stage count for
// nothing; those after it are in requestContext.path and in no other member,
// as recorded on AWS (TestPathsOfTheEvent has them).
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

// rawPath is the path as the client sent it. net/url would escape what should
// have been escaped.
func (x *exchange) rawPath() string {
	path, _, _ := strings.Cut(x.request.RequestURI, "?")
	if !strings.HasPrefix(path, "/") { // the absolute form, or no request that was sent
		return x.request.URL.EscapedPath()
	}
	return path
}

// mapped chooses the longest base path that the request's path begins with.
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

// firstSegment cuts "/a/b/c" into "a" and "/b/c".
func firstSegment(path string) (string, string) {
	segment, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return segment, "/" + rest
}

// compiled returns the stage's document, compiled once a deployment.
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
