package handler

import (
	"net/http"
	"strings"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/store"
)

// etag is an entity tag without its quotes.
type etag struct {
	value string
	weak  bool
}

// parseETags parses the values of If-Match or If-None-Match: "*", for which any is true, or a list of entity
// tags (RFC 9110, 13.1.1, 13.1.2 and 8.8.3). It skips empty list elements (5.6.1.2). ok is false if anything
// else is malformed.
func parseETags(lines []string) (tags []etag, any, ok bool) {
	header := strings.Join(lines, ",")
	if strings.Trim(header, " \t") == "*" {
		return nil, true, true
	}
	for {
		header = strings.TrimLeft(header, " \t,")
		if header == "" {
			return tags, false, len(tags) > 0
		}
		tag, rest, ok := cutETag(header)
		rest = strings.TrimLeft(rest, " \t")
		if !ok || rest != "" && rest[0] != ',' {
			return nil, false, false
		}
		tags, header = append(tags, tag), rest
	}
}

// cutETag parses the entity tag at the start of header.
func cutETag(header string) (tag etag, rest string, ok bool) {
	header, tag.weak = strings.CutPrefix(header, "W/")
	header, ok = strings.CutPrefix(header, `"`)
	if !ok {
		return etag{}, "", false
	}
	tag.value, rest, ok = strings.Cut(header, `"`)
	return tag, rest, ok && !strings.ContainsFunc(tag.value, func(c rune) bool { return c <= ' ' || c == 0x7f })
}

// representation is the current state of a resource, which conditions are evaluated on.
type representation struct {
	etag         string // with its quotes
	modified     time.Time
	cacheControl string // if the resource has one
}

// checkConditions evaluates the conditions of a GET or HEAD in the order of RFC 9110, 13.2.2. It returns a
// response for 304, an error for 412, and neither if the request proceeds.
func (r *request) checkConditions(rep representation) (*response, error) {
	if r.ifMatchFails(rep) {
		return nil, fault.New(fault.Precondition, "the request's condition does not hold: there is another version")
	}
	if !r.notModified(rep) {
		return nil, nil
	}
	resp := newResponse(http.StatusNotModified)
	rep.setHeaders(resp.header)
	return resp, nil
}

func (r *request) ifMatchFails(rep representation) bool {
	if header := r.header.Values("If-Match"); len(header) > 0 {
		return !matches(header, rep.etag, false)
	}
	since, ok := parseDate(r.header.Get("If-Unmodified-Since"))
	return ok && rep.modified.Truncate(time.Second).After(since)
}

func (r *request) notModified(rep representation) bool {
	if header := r.header.Values("If-None-Match"); len(header) > 0 {
		return matches(header, rep.etag, true)
	}
	since, ok := parseDate(r.header.Get("If-Modified-Since"))
	return ok && !rep.modified.IsZero() && !rep.modified.Truncate(time.Second).After(since)
}

// hasConditions reports whether the request has any condition.
func (r *request) hasConditions() bool {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		// The first of several values may be empty: a list may have empty elements (5.6.1.2).
		if len(r.header.Values(name)) > 0 {
			return true
		}
	}
	return false
}

// rangeApplies evaluates If-Range: its entity tag must be strong and match. A date is never strong enough: S3
// reports when a file was written to the second, and not whether it was written twice in that second (RFC
// 9110, 8.8.2.2), so a client could combine ranges of two versions.
func (r *request) rangeApplies(rep representation) bool {
	condition := r.header.Get("If-Range")
	if condition == "" {
		return true
	}
	tag, rest, ok := cutETag(condition)
	return ok && rest == "" && !tag.weak && `"`+tag.value+`"` == rep.etag
}

// matches reports whether an entity tag is among those of the header's values.
func matches(header []string, current string, weakly bool) bool {
	tags, any, _ := parseETags(header)
	if any {
		return true
	}
	strong, isWeak := strings.CutPrefix(current, "W/")
	if isWeak && !weakly {
		return false
	}
	for _, tag := range tags {
		if (weakly || !tag.weak) && `"`+tag.value+`"` == strong {
			return true
		}
	}
	return false
}

// condition returns the request's condition on an item for a write (RFC 9110, 13.1.1 and 13.1.2). Revisions are
// strong: a weak entity tag never matches in If-Match, but does in If-None-Match.
func (r *request) condition() store.Condition {
	var condition store.Condition
	if header := r.header.Values("If-Match"); len(header) > 0 {
		tags, any, _ := parseETags(header)
		if condition.MustExist = any; !any {
			condition.Revisions = []string{}
		}
		for _, tag := range tags {
			if !tag.weak {
				condition.Revisions = append(condition.Revisions, tag.value)
			}
		}
	}
	tags, any, _ := parseETags(r.header.Values("If-None-Match"))
	condition.MustNotExist = any
	for _, tag := range tags {
		condition.NotRevisions = append(condition.NotRevisions, tag.value)
	}
	return condition
}

// parseDate parses an HTTP date (RFC 9110, 5.6.7), which is always in GMT.
func parseDate(header string) (time.Time, bool) {
	if header == "" { // the usual case; http.ParseTime would build an error of three layouts
		return time.Time{}, false
	}
	date, err := http.ParseTime(header)
	return date, err == nil && (strings.HasSuffix(header, " GMT") || !strings.Contains(header, ","))
}

// setHeaders sets the validators and Cache-Control, which 304 has, too (RFC 9110, 15.4.5).
func (rep representation) setHeaders(header http.Header) {
	if rep.etag != "" {
		header.Set("ETag", rep.etag)
	}
	if !rep.modified.IsZero() {
		header.Set("Last-Modified", rep.modified.UTC().Format(http.TimeFormat))
	}
	if rep.cacheControl != "" {
		header.Set("Cache-Control", rep.cacheControl)
	}
}
