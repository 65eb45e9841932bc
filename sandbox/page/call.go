package page

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/didomi/serverless-api/client/sigv4"
	"github.com/didomi/serverless-api/lambda/openapi"
	"github.com/didomi/serverless-api/sandbox/deploy"
)

// callPath is where requests to the APIs of stacks are sent: an API allows the origins of its configuration, which the
// page's is not.
const callPath = "/call"

// mostDocument bounds the document that an API serves.
const mostDocument = 4 << 20

// document is the API's own OpenAPI document, with the page's server as the one to call. The page authenticates requests,
// so the document requires nothing; but a token, which the page does not have.
func (p *page) document(r *http.Request) (map[string]any, error) {
	s, err := p.stack(r)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, s.URL+"/openapi.json", http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("read the API's document: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("read the API's document: %w", err)
	}
	defer func() { _ = response.Body.Close() }()
	var document map[string]any
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("GET %s/openapi.json returns %s", s.URL, response.Status)
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, mostDocument)).Decode(&document); err != nil {
		return nil, fmt.Errorf("read the API's document: %w", err)
	}
	document["servers"] = []any{map[string]any{"url": callPath + "/" + s.Stack, "description": "stack " + s.Stack + ", authenticated by the page"}}
	if auth, _ := s.Stacked["auth"].(string); auth != openapi.AuthJWT {
		withoutSecurity(document)
	}
	withoutExamples(document)
	return document, nil
}

// withoutExamples removes the examples of optional parameters: Swagger UI would send them, and each is a condition.
func withoutExamples(node any) {
	switch node := node.(type) {
	case map[string]any:
		if _, isParameter := node["in"].(string); isParameter && node["required"] != true {
			delete(node, "example")
			delete(node, "examples")
		}
		for member := range maps.Values(node) {
			withoutExamples(member)
		}
	case []any:
		for _, member := range node {
			withoutExamples(member)
		}
	}
}

// withoutSecurity removes the requirements of the document and of its operations.
func withoutSecurity(document map[string]any) {
	delete(document, "security")
	paths, _ := document["paths"].(map[string]any)
	for path := range maps.Values(paths) {
		operations, _ := path.(map[string]any)
		for operation := range maps.Values(operations) {
			if members, ok := operation.(map[string]any); ok {
				delete(members, "security")
			}
		}
	}
	if components, ok := document["components"].(map[string]any); ok {
		delete(components, "securitySchemes")
	}
}

// call sends a request to the stack's API with the authentication that it requires. The response runs nothing in the
// page's origin.
func (p *page) call(w http.ResponseWriter, r *http.Request) {
	s, err := p.stack(r)
	if err != nil {
		p.fail(w, r, err)
		return
	}
	target, err := url.Parse(s.URL)
	if err != nil {
		p.fail(w, r, fmt.Errorf("the URL of stack %s: %w", s.Stack, err))
		return
	}
	proxy := httputil.ReverseProxy{
		Transport: transport(s.Outputs, target.Host),
		Rewrite: func(x *httputil.ProxyRequest) {
			path := strings.TrimPrefix(x.In.URL.EscapedPath(), callPath+"/"+s.Stack)
			x.Out.URL.Scheme, x.Out.URL.Host, x.Out.Host = target.Scheme, target.Host, target.Host
			x.Out.URL.Path, x.Out.URL.RawPath = unescaped(target.Path+path), target.EscapedPath()+path
			if s.APIKey != "" {
				x.Out.Header.Set("x-api-key", s.APIKey)
			}
		},
		ModifyResponse: func(response *http.Response) error {
			response.Header.Set("Content-Security-Policy", "sandbox; default-src 'none'")
			for name := range response.Header {
				if strings.HasPrefix(name, "Access-Control-") {
					response.Header.Del(name)
				}
			}
			return nil
		},
		ErrorHandler: p.fail,
	}
	w.Header().Del("Content-Security-Policy") // the response has another
	proxy.ServeHTTP(w, r)
}

func unescaped(path string) string {
	plain, err := url.PathUnescape(path)
	if err != nil {
		return path // unreachable: it is the path of a request
	}
	return plain
}

// transport signs the requests to an API that requires it, as the account's administrator.
func transport(out deploy.Outputs, host string) http.RoundTripper {
	if auth, _ := out.Stacked["auth"].(string); auth != openapi.AuthIAM {
		return nil
	}
	return &sigv4.Transport{Host: host, Region: out.Region, Credentials: credentials.NewStaticCredentialsProvider(out.AccessKeyID, out.SecretAccessKey, "")}
}
