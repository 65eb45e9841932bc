package handler

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The headers stored with a file come from its uploader: a presigned upload signs the media type and the length,
// and S3 accepts every other header that does not start with x-amz-. Each of them is parsed and formatted here,
// or omitted, so that a file runs no code in the API's origin and no header claims more than the stack provides.

// The status and headers of a stream must fit into its first 16 KB (Amazon API Gateway developer guide, "Response
// transfer mode"), so each of them is bounded.
const (
	// maxMediaType bounds Content-Type in bytes: two names of 127 (RFC 6838, 4.2).
	maxMediaType = 255
	// maxCodings bounds the codings of Content-Encoding, all of which a client must decode.
	maxCodings = 2
	// maxFileName bounds a file name in bytes, as file systems do.
	maxFileName = 255
	// maxLanguages and maxLanguage bound the tags of Content-Language and the characters of each (RFC 5646,
	// 4.4.1).
	maxLanguages, maxLanguage = 10, 35
)

// octetStream is the media type of unknown content (RFC 9110, 8.3).
const octetStream = "application/octet-stream"

const (
	// sandboxPolicy denies a document scripts, forms, plugins and the API's origin (Content Security Policy
	// Level 3, 6.3.2).
	sandboxPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
	// viewerPolicy is for media types that browsers show in their own viewers, which fail in a sandbox: Chromium
	// gives a sandboxed video no origin to load it from, and Safari does not show a sandboxed PDF. It allows no
	// scripts either.
	viewerPolicy = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
)

// inlineTypes are the media types that browsers show without executing any of it, with their policies. Everything
// else is downloaded: some of it is executed (HTML, SVG, all of XML), and there is no complete list of such types.
var inlineTypes = map[string]string{
	"text/plain": sandboxPolicy, "application/json": sandboxPolicy,
	"image/apng": sandboxPolicy, "image/avif": sandboxPolicy, "image/bmp": sandboxPolicy, "image/gif": sandboxPolicy,
	"image/jpeg": sandboxPolicy, "image/png": sandboxPolicy, "image/webp": sandboxPolicy,
	"audio/aac": viewerPolicy, "audio/flac": viewerPolicy, "audio/mp4": viewerPolicy, "audio/mpeg": viewerPolicy,
	"audio/ogg": viewerPolicy, "audio/wav": viewerPolicy, "audio/webm": viewerPolicy,
	"video/mp4": viewerPolicy, "video/ogg": viewerPolicy, "video/webm": viewerPolicy,
	"application/pdf": viewerPolicy,
}

// fileHeader returns the response headers of a file, given those that it was stored with.
func fileHeader(stored http.Header, public bool) http.Header {
	mediaType, shown := safeMediaType(stored.Get("Content-Type"))
	codings, known := safeCodings(stored.Get("Content-Encoding"))
	if !known {
		mediaType, shown = octetStream, octetStream
	}
	policy, inline := inlineTypes[mediaType]
	if !inline {
		policy = sandboxPolicy
	}
	header := http.Header{
		"Content-Type":            {shown},
		"Content-Security-Policy": {policy},
		"Cache-Control":           {safeCacheControl(stored.Get("Cache-Control"), public)},
	}
	for name, value := range map[string]string{
		"Content-Disposition": safeDisposition(stored.Get("Content-Disposition"), inline),
		"Content-Encoding":    codings,
		"Content-Language":    safeLanguages(stored.Get("Content-Language")),
	} {
		if value != "" {
			header.Set(name, value)
		}
	}
	return header
}

// safeMediaType parses a Content-Type and returns the media type and the header to send.
func safeMediaType(stored string) (mediaType, header string) {
	mediaType, parameters, err := mime.ParseMediaType(stored)
	if err != nil || !strings.Contains(mediaType, "/") {
		return octetStream, octetStream
	}
	if header = mime.FormatMediaType(mediaType, parameters); header == "" || len(header) > maxMediaType {
		return octetStream, octetStream
	}
	return mediaType, header
}

// knownCodings are the content codings of the IANA registry that clients decode (RFC 9110, 8.4.1; RFC 7932; RFC
// 8878).
var knownCodings = []string{"br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"}

// ignoredCodings do not change the stored bytes: RFC 9110, 8.4.1 reserves "identity" for Accept-Encoding, and some
// SDKs store "aws-chunked", which is how they sent the upload (Amazon S3 API reference, "Signature calculations:
// chunked upload").
var ignoredCodings = []string{"identity", "aws-chunked"}

// safeCodings parses a Content-Encoding and returns the header to send. known is false if clients may not be able
// to decode it.
func safeCodings(stored string) (header string, known bool) {
	var all []string
	for coding := range elements(stored) {
		coding = strings.ToLower(coding)
		switch {
		case slices.Contains(ignoredCodings, coding):
		case slices.Contains(knownCodings, coding) && len(all) < maxCodings:
			all = append(all, coding)
		default:
			return "", false
		}
	}
	return strings.Join(all, ", "), true
}

// safeDisposition parses a Content-Disposition (RFC 6266) and returns the one to send. Without a stored one, a
// file that is shown inline has none.
func safeDisposition(stored string, inline bool) string {
	kind, parameters, err := mime.ParseMediaType(stored)
	if err != nil {
		kind, parameters = "", nil
	}
	switch {
	case !inline, kind != "" && kind != "inline": // RFC 6266, 4.2: another type is an attachment
		kind = "attachment"
	case kind == "":
		return ""
	}
	if name := parameters["filename"]; validFileName(name) {
		return mime.FormatMediaType(kind, map[string]string{"filename": name})
	}
	return kind
}

// validFileName reports whether a file can be saved under a name as displayed: no path (RFC 6266, 4.3), no
// invisible characters and none that change the text direction, and valid UTF-8, as which non-ASCII names are sent
// (RFC 8187, 3.2.3).
func validFileName(name string) bool {
	return name != "" && len(name) <= maxFileName && strings.Trim(name, ".") != "" && utf8.ValidString(name) &&
		!strings.ContainsAny(name, `/\`) && !strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
}

// safeLanguages parses a Content-Language and returns it if it is valid.
func safeLanguages(stored string) string {
	var all []string
	for tag := range elements(stored) {
		foreign := strings.ContainsFunc(tag, func(c rune) bool {
			return c != '-' && (c > unicode.MaxASCII || !unicode.IsLetter(c) && !unicode.IsDigit(c))
		})
		if foreign || len(tag) > maxLanguage || len(all) == maxLanguages {
			return ""
		}
		all = append(all, tag)
	}
	return strings.Join(all, ", ")
}

// elements iterates over the elements of a list header (RFC 9110, 5.6.1).
func elements(header string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for element := range strings.SplitSeq(header, ",") {
			if element = strings.Trim(element, " \t"); element != "" && !yield(element) {
				return
			}
		}
	}
}
