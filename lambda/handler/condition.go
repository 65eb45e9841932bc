package handler

import (
	"net/http"
	"strings"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
)

// etag is one entity tag of a header, without its quotes.
type etag struct {
	value string
	weak  bool
}

// parseETags reads a list of entity tags (RFC 9110, 8.8.3); "*" is any. What
// is no entity tag is left out and so matches nothing.
func parseETags(header string) (tags []etag, any bool) {
	for {
		header = strings.TrimLeft(header, " \t,")
		if header == "" {
			return tags, any
		}
		if header[0] == '*' {
			any, header = true, header[1:]
			continue
		}
		tag, rest, ok := cutETag(header)
		if !ok {
			_, header, _ = strings.Cut(header, ",")
			continue
		}
		tags, header = append(tags, tag), rest
	}
}

func cutETag(header string) (tag etag, rest string, ok bool) {
	header, tag.weak = strings.CutPrefix(header, "W/")
	header, ok = strings.CutPrefix(header, `"`)
	if !ok {
		return etag{}, "", false
	}
	tag.value, rest, ok = strings.Cut(header, `"`)
	return tag, rest, ok
}

// representation is what conditions are about: what is there now.
type representation struct {
	etag         string // with its quotes
	modified     time.Time
	cacheControl string // if it has its own
}

// check evaluates the conditions of a GET or HEAD on what is there now,
// in the order of RFC 9110, 13.2.2: nil if the request goes on, a response
// for 304, a fault for 412.
func (r *request) check(now representation) (*response, error) {
	if r.ifMatchFails(now) {
		return nil, fault.New(fault.Precondition, "the request's condition does not hold: there is another version")
	}
	if !r.notModified(now) {
		return nil, nil
	}
	answer := newResponse(http.StatusNotModified)
	now.describe(answer.header)
	return answer, nil
}

func (r *request) ifMatchFails(now representation) bool {
	if header := r.header.Values("If-Match"); len(header) > 0 {
		return !matches(header, now.etag, false)
	}
	since, ok := parseDate(r.header.Get("If-Unmodified-Since"))
	return ok && now.modified.Truncate(time.Second).After(since)
}

func (r *request) notModified(now representation) bool {
	if header := r.header.Values("If-None-Match"); len(header) > 0 {
		return matches(header, now.etag, true)
	}
	since, ok := parseDate(r.header.Get("If-Modified-Since"))
	return ok && !now.modified.IsZero() && !now.modified.Truncate(time.Second).After(since)
}

// conditional reports whether the request has a condition at all.
func (r *request) conditional() bool {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		if r.header.Get(name) != "" {
			return true
		}
	}
	return false
}

// wantsRange reports whether a Range is to be honoured as If-Range has it: an
// entity tag must be strong and the same, a date the very same.
func (r *request) wantsRange(now representation) bool {
	condition := r.header.Get("If-Range")
	if condition == "" {
		return true
	}
	if date, ok := parseDate(condition); ok {
		return date.Equal(now.modified.Truncate(time.Second))
	}
	tag, rest, ok := cutETag(condition)
	return ok && rest == "" && !tag.weak && `"`+tag.value+`"` == now.etag
}

// matches compares an entity tag with those of a header's lines.
func matches(header []string, current string, weakly bool) bool {
	tags, any := parseETags(strings.Join(header, ","))
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

func parseDate(header string) (time.Time, bool) {
	if header == "" { // most often, and an error of three layouts otherwise
		return time.Time{}, false
	}
	date, err := http.ParseTime(header)
	return date, err == nil
}

// describe sets the headers that tell the representation: those that 304 has, too
// (RFC 9110, 15.4.5).
func (now representation) describe(header http.Header) {
	header.Set("ETag", now.etag)
	if !now.modified.IsZero() {
		header.Set("Last-Modified", now.modified.UTC().Format(http.TimeFormat))
	}
	if now.cacheControl != "" {
		header.Set("Cache-Control", now.cacheControl)
	}
}
