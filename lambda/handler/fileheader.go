package handler

import (
	"mime"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What a file was stored with is what its uploader wrote: a presigned upload
// signs the media type and the length, and S3 takes every other header that is
// no x-amz-* one. Each of them is read and formatted here, or left out, so
// that a file runs no code in the API's origin and no header says more than the
// stack does.

// A stream's status and headers are in its first 16 KB (Amazon API Gateway
// developer guide, "Response transfer mode"), so none of them is long.
const (
	// maxMediaType is the bytes of a Content-Type: two names of 127 (RFC 6838, 4.2).
	maxMediaType = 255
	// maxCodings is the codings of a Content-Encoding; a client undoes each.
	maxCodings = 2
	// maxFileName is the bytes of a name that file systems take.
	maxFileName = 255
	// maxLanguages and maxLanguage are the tags of a Content-Language and the
	// characters of one (RFC 5646, 4.4.1).
	maxLanguages, maxLanguage = 10, 35
)

// unknownType is the media type of bytes of which nothing is known (RFC 9110, 8.3).
const octetStream = "application/octet-stream"

const (
	// sandboxed keeps a document from scripts, forms, plugins and from the
	// origin that it came from (Content Security Policy Level 3, 6.3.2).
	sandboxPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
	// viewed is for what browsers show in a viewer of their own, which fails in a
	// sandbox: Chromium gives a sandboxed video no origin to load it from, and
	// Safari does not show a sandboxed PDF. It allows no script either.
	viewerPolicy = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
)

// inlineTypes are the media types that a browser shows without running any of
// it, with the policy that it is shown under. Everything else is downloaded: of
// the types that are not here, some run (HTML, SVG, everything in XML), and
// nobody has a list of all that do.
var inlineTypes = map[string]string{
	"text/plain": sandboxPolicy, "application/json": sandboxPolicy,
	"image/apng": sandboxPolicy, "image/avif": sandboxPolicy, "image/bmp": sandboxPolicy, "image/gif": sandboxPolicy,
	"image/jpeg": sandboxPolicy, "image/png": sandboxPolicy, "image/webp": sandboxPolicy,
	"audio/aac": viewerPolicy, "audio/flac": viewerPolicy, "audio/mp4": viewerPolicy, "audio/mpeg": viewerPolicy,
	"audio/ogg": viewerPolicy, "audio/wav": viewerPolicy, "audio/webm": viewerPolicy,
	"video/mp4": viewerPolicy, "video/ogg": viewerPolicy, "video/webm": viewerPolicy,
	"application/pdf": viewerPolicy,
}

// fileHeader returns the headers that a file is answered with, given those that
// it was stored with; public is the API's.
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

// mediaTypeOf reads a Content-Type and returns the type alone and the header.
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

// knownCodings are the content codings of IANA's registry that clients decode
// (RFC 9110, 8.4.1; RFC 7932; RFC 8878).
var knownCodings = []string{"br", "compress", "deflate", "gzip", "x-compress", "x-gzip", "zstd"}

// undoneCodings change nothing of what is stored: RFC 9110, 8.4.1 reserves the
// one for Accept-Encoding, and the other is how some SDKs sent the upload (Amazon
// S3 API reference, "Signature calculations: chunked upload").
var ignoredCodings = []string{"identity", "aws-chunked"}

// codingsOf reads a Content-Encoding; known is whether it has no other and no
// more codings than clients decode.
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

// dispositionOf reads a Content-Disposition (RFC 6266) and returns that of a
// file which is shown inline or not. One that is shown has none of its own if it
// was stored with none.
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

// validFileName reports whether a name is one that is saved as it reads: no
// path (RFC 6266, 4.3), nothing invisible, nothing that turns the text round, and
// UTF-8, which every other name is sent as (RFC 8187, 3.2.3).
func validFileName(name string) bool {
	return name != "" && len(name) <= maxFileName && strings.Trim(name, ".") != "" && utf8.ValidString(name) &&
		!strings.ContainsAny(name, `/\`) && !strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) })
}

// languagesOf reads a Content-Language; one that is none is left out.
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

// elements are the elements of a header that is a list (RFC 9110, 5.6.1).
func elements(header string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for element := range strings.SplitSeq(header, ",") {
			if element = strings.Trim(element, " \t"); element != "" && !yield(element) {
				return
			}
		}
	}
}
