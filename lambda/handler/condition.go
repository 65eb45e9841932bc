package handler

import (
	"net/http"
	"strings"
	"time"

	"github.com/didomi/serverless-api/lambda/fault"
	"github.com/didomi/serverless-api/lambda/store"
)

// etag is one entity tag of a header, without its quotes.
type etag struct {
	value string
	weak  bool
}

// parseETags reads the lines of If-Match or If-None-Match: "*", which is any, or
// a list of entity tags (RFC 9110, 13.1.1, 13.1.2 and 8.8.3). Empty elements of a
// list count for nothing (5.6.1.2). Anything else in it makes the whole malformed.
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

// cutETag reads the entity tag that a header begins with.
func cutETag(header string) (tag etag, rest string, ok bool) {
	header, tag.weak = strings.CutPrefix(header, "W/")
	header, ok = strings.CutPrefix(header, `"`)
	if !ok {
		return etag{}, "", false
	}
	tag.value, rest, ok = strings.Cut(header, `"`)
	return tag, rest, ok && !strings.ContainsFunc(tag.value, func(c rune) bool { return c <= ' ' || c == 0x7f })
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

// conditional reports whether the request has a condition at all.
func (r *request) hasConditions() bool {
	for _, name := range []string{"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"} {
		// Of several lines the first may be empty: a list has empty elements (5.6.1.2).
		if len(r.header.Values(name)) > 0 {
			return true
		}
	}
	return false
}

// wantsRange reports whether a Range is to be honoured as If-Range has it: an
// entity tag must be strong and the same. No date is strong enough: S3 tells the
// second in which a file was written, and not whether that was twice (RFC 9110,
// 8.8.2.2), so that a client could put parts of two versions together.
func (r *request) rangeApplies(rep representation) bool {
	condition := r.header.Get("If-Range")
	if condition == "" {
		return true
	}
	tag, rest, ok := cutETag(condition)
	return ok && rest == "" && !tag.weak && `"`+tag.value+`"` == rep.etag
}

// matches compares an entity tag with those of a header's lines.
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

// condition returns what the request asks of the item before a write (RFC
// 9110, 13.1.1 and 13.1.2). Revisions are strong: If-Match takes no weak entity
// tag for one, If-None-Match does.
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

// parseDate reads a date as HTTP has it (RFC 9110, 5.6.7): always in GMT.
func parseDate(header string) (time.Time, bool) {
	if header == "" { // most often, and an error of three layouts otherwise
		return time.Time{}, false
	}
	date, err := http.ParseTime(header)
	return date, err == nil && (strings.HasSuffix(header, " GMT") || !strings.Contains(header, ","))
}

// describe sets the headers that tell the representation: those that 304 has, too
// (RFC 9110, 15.4.5).
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
