package handler

import (
	"net/http"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/lambda/fault"
)

// checkHeaders rejects headers that the API does not support and must not ignore, because they change the meaning of
// the request. It returns the error and headers of the response.
func (r *request) checkHeaders() (http.Header, error) {
	if problems := append(r.malformedConditions(), r.unsupportedConditions()...); len(problems) > 0 {
		return nil, fault.New(fault.Malformed, "%s", strings.Join(problems, "; "))
	}
	if r.method != http.MethodPut && r.method != http.MethodPost {
		return nil, nil
	}
	// To take a range for the complete body would lose the rest (RFC 9110, 14.5).
	if len(r.header.Values("Content-Range")) > 0 {
		return nil, fault.New(fault.Malformed, "Content-Range: partial writes are not supported")
	}
	// RFC 9110, 8.4 and 12.5.3.
	if coding := strings.Join(r.header.Values("Content-Encoding"), ","); coding != "" && !strings.EqualFold(coding, "identity") {
		return http.Header{"Accept-Encoding": {"identity"}}, fault.New(fault.MediaType, "Content-Encoding: the body must be sent as it is")
	}
	return nil, nil
}

// malformedConditions returns what is wrong with the request's conditions. RFC 9110 ignores a malformed date (13.1.3,
// 13.1.4) and does not say what to do about malformed entity tags. Ignoring either would turn the request into an
// unconditional one, which the client did not send.
func (r *request) malformedConditions() (problems []string) {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if lines := r.header.Values(name); len(lines) > 0 {
			if _, _, ok := parseETags(lines); !ok {
				problems = append(problems, name+` must be * or a list of entity tags such as "a", "b"`)
			}
		}
	}
	for _, name := range []string{"If-Modified-Since", "If-Unmodified-Since"} {
		if lines := r.header.Values(name); len(lines) > 0 {
			if _, ok := parseDate(lines[0]); !ok || len(lines) > 1 {
				problems = append(problems, name+" must be one date such as Fri, 02 Jan 2026 03:04:05 GMT")
			}
		}
	}
	if lines := r.header.Values("If-Range"); len(lines) > 0 {
		_, isDate := parseDate(lines[0])
		if _, rest, isTag := cutETag(lines[0]); !isDate && (!isTag || rest != "") || len(lines) > 1 {
			problems = append(problems, `If-Range must be one entity tag such as "a", or one date such as Fri, 02 Jan 2026 03:04:05 GMT`)
		}
	}
	return problems
}

// unsupportedConditions returns the request's conditions that cannot be evaluated before a write: an item has no date,
// and S3 performs an upload later.
func (r *request) unsupportedConditions() (problems []string) {
	known, takes := []string(nil), " is not supported by an upload, which takes no conditions"
	switch r.method {
	case http.MethodGet, http.MethodHead:
		return nil
	case http.MethodPut, http.MethodDelete:
		known, takes = []string{"If-Match", "If-None-Match"}, " is not supported by a write, which takes If-Match and If-None-Match"
	}
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"} {
		if !slices.Contains(known, name) && len(r.header.Values(name)) > 0 {
			problems = append(problems, name+takes)
		}
	}
	return problems
}

// checkWithoutValidator evaluates the conditions of a read whose response has no validator: the resource exists, and no
// entity tag matches it (RFC 9110, 13.2.1).
func (r *request) checkWithoutValidator(resp *response) (*response, error) {
	if _, versioned := resp.header["Etag"]; versioned || resp.status != http.StatusOK || r.method != http.MethodGet && r.method != http.MethodHead {
		return resp, nil
	}
	unmodified, err := r.checkConditions(representation{})
	if err != nil {
		return nil, err
	}
	if unmodified != nil {
		resp.status, resp.body = unmodified.status, nil
		resp.header.Del("Content-Type")
	}
	return resp, nil
}
