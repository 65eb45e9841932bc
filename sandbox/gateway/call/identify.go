package call

import (
	"net/http"
	"strings"
)

// SigningName is the service in the credential scope of a request's signature
// (AKIA.../20250101/eu-west-1/rds/aws4_request), which every AWS SDK sends and the emulator verifies. It is empty
// for an unsigned request.
func SigningName(r *http.Request) string {
	scope := credentialScope(r)
	parts := strings.Split(scope, "/")
	if len(parts) != 5 || parts[4] != "aws4_request" {
		return ""
	}
	return parts[3]
}

func credentialScope(r *http.Request) string {
	if query := r.URL.Query().Get("X-Amz-Credential"); query != "" {
		return query
	}
	_, after, found := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	if !found {
		return ""
	}
	end := strings.IndexAny(after, ", ")
	if end < 0 {
		return after
	}
	return after[:end]
}
