package handler_test

import (
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/store"
)

// storedWith is a bucket whose files were all stored with these headers.
func storedWith(header http.Header) bucket {
	object := func() files.Object {
		return files.Object{Size: 10, ETag: `"E1"`, Modified: when, Header: header.Clone()}
	}
	return bucket{
		stat: func(string) (files.Object, error) { return object(), nil },
		open: func(_, rng, _ string) (files.Object, error) {
			objectResponse := object()
			objectResponse.Body = io.NopCloser(strings.NewReader("0123456789"))
			if rng != "" {
				objectResponse.Size, objectResponse.ContentRange = 3, "bytes 2-4/10"
				objectResponse.Body = io.NopCloser(strings.NewReader("234"))
			}
			return objectResponse, nil
		},
	}
}

// responses are all responses that have the headers of a stored file.
func responses(t *testing.T, h *handler.Handler) map[string]clientResponse {
	t.Helper()
	all := map[string]clientResponse{
		"whole":   do(t, h, file("GET", "a", nil, "")),
		"a range": do(t, h, file("GET", "a", map[string]string{"Range": "bytes=2-4"}, "")),
		"HEAD":    do(t, h, file("HEAD", "a", nil, "")),
	}
	for name, status := range map[string]int{"whole": 200, "a range": 206, "HEAD": 200} {
		if all[name].status != status {
			t.Fatalf("%s: %d", name, all[name].status)
		}
	}
	return all
}

const (
	sandboxPolicy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
	viewerPolicy  = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
)

// A browser runs active content in its origin: that of the API.
func TestActiveContentDoesNotRunInTheAPIsOrigin(t *testing.T) {
	const opaque = "application/octet-stream"
	for name, test := range map[string]struct {
		stored       string
		shown        string // empty: unchanged
		inline       bool
		policy       string // empty: sandboxed
		dispositions []string
	}{
		"HTML":                                   {stored: "text/html"},
		"HTML with a charset":                    {stored: "text/html; charset=utf-8"},
		"HTML in capitals":                       {stored: "TEXT/HTML", shown: "text/html"},
		"XHTML":                                  {stored: "application/xhtml+xml"},
		"SVG":                                    {stored: "image/svg+xml"},
		"XML":                                    {stored: "text/xml"},
		"XML of an application":                  {stored: "application/xml"},
		"XML by its suffix":                      {stored: "video/x+xml"},
		"a script":                               {stored: "text/javascript"},
		"a style sheet":                          {stored: "text/css"},
		"a web archive":                          {stored: "multipart/related"},
		"an unknown type":                        {stored: "text/digits"},
		"no type":                                {shown: opaque},
		"an invalid type":                        {stored: "text", shown: opaque},
		"another invalid type":                   {stored: "text/html;;", shown: opaque},
		"two types, of which a browser uses one": {stored: "text/plain, text/html", shown: opaque},
		"a type after a control character":       {stored: "text/plain\x00, text/html", shown: opaque},
		"a second line":                          {stored: "text/plain\r\nSet-Cookie: a=b", shown: opaque},
		"a type that a parameter hides":          {stored: `text/plain; a="`, shown: opaque},
		"text":                                   {stored: "text/plain; charset=utf-8", inline: true},
		"JSON":                                   {stored: "application/json", inline: true},
		"an image":                               {stored: "image/png", inline: true},
		"a PDF, which Safari does not display in a sandbox": {stored: "application/pdf", inline: true, policy: viewerPolicy},
		"a video, which loads from no sandbox":              {stored: "video/mp4", inline: true, policy: viewerPolicy},
		"sound":                                             {stored: "audio/mpeg", inline: true, policy: viewerPolicy},
	} {
		t.Run(name, func(t *testing.T) {
			for _, disposition := range []string{"", "inline", `inline; filename="a.html"`, "attachment", "nonsense"} {
				stored := http.Header{"Content-Type": {test.stored}, "Content-Disposition": {disposition}}
				for how, got := range responses(t, &handler.Handler{Files: storedWith(stored)}) {
					shown, policy := test.shown, test.policy
					if shown == "" {
						shown = test.stored
					}
					if policy == "" {
						policy = sandboxPolicy
					}
					got.expect(t, got.status, map[string]string{
						"Content-Type": shown, "Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff",
					})
					attachment := strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment")
					if want := !test.inline || disposition == "attachment" || disposition == "nonsense"; attachment != want {
						t.Errorf("%s, stored as %q: %q", how, disposition, got.header.Get("Content-Disposition"))
					}
				}
			}
		})
	}
}

// RFC 9111, 3.2: the headers of a 304 replace those that the client has stored.
func TestANotModifiedResponseHasTheFilesPolicy(t *testing.T) {
	for mediaType, policy := range map[string]string{"text/html": sandboxPolicy, "application/pdf": viewerPolicy} {
		h := &handler.Handler{Files: storedWith(http.Header{"Content-Type": {mediaType}})}
		for _, method := range []string{"GET", "HEAD"} {
			got := do(t, h, file(method, "a", map[string]string{"If-None-Match": `"E1"`}, ""))
			got.expect(t, 304, map[string]string{
				"Content-Security-Policy": policy, "Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff", "Content-Type": "",
			})
		}
	}
}

func TestFileNamesAreSafeToSave(t *testing.T) {
	for name, test := range map[string]struct{ stored, want string }{
		"a name":                       {`attachment; filename="a b.zip"`, `attachment; filename="a b.zip"`},
		"a name in another script":     {`attachment; filename*=UTF-8''%C3%A9.zip`, "attachment; filename*=utf-8''%C3%A9.zip"},
		"a quoted quote":               {`attachment; filename="a\"b"`, `attachment; filename="a\"b"`},
		"no name":                      {`attachment`, "attachment"},
		"an empty one":                 {`attachment; filename=""`, "attachment"},
		"a path":                       {`attachment; filename="../../etc/passwd"`, "attachment"},
		"a path of Windows":            {`attachment; filename*=UTF-8''c:%5Ca`, "attachment"},
		"the parent directory":         {`attachment; filename=".."`, "attachment"},
		"a control character":          {`attachment; filename*=UTF-8''a%0D%0Ab`, "attachment"},
		"text with reversed direction": {`attachment; filename*=UTF-8''a%E2%80%AEfdp.exe`, "attachment"},
		"bytes that are not UTF-8":     {"attachment; filename=\"caf\xe9.zip\"", "attachment"},
		"the same, encoded":            {`attachment; filename*=UTF-8''caf%E9.zip`, "attachment"},
		"a very long name":             {`attachment; filename="` + strings.Repeat("a", 256) + `"`, "attachment"},
		"other parameters":             {`attachment; filename=a; size=5`, "attachment; filename=a"},
		"a form's":                     {`form-data; name=x; filename=a`, "attachment; filename=a"},
		"none":                         {"", "attachment"},
	} {
		t.Run(name, func(t *testing.T) {
			stored := http.Header{"Content-Disposition": {test.stored}}
			for _, got := range responses(t, &handler.Handler{Files: storedWith(stored)}) {
				got.expect(t, got.status, map[string]string{"Content-Disposition": test.want})
			}
		})
	}
	t.Run("an image that is displayed has it too", func(t *testing.T) {
		stored := http.Header{"Content-Type": {"image/png"}, "Content-Disposition": {`inline; filename=a.png`}}
		for _, got := range responses(t, &handler.Handler{Files: storedWith(stored)}) {
			got.expect(t, got.status, map[string]string{"Content-Disposition": "inline; filename=a.png"})
		}
	})
}

func TestOnlyContentCodingsThatClientsDecodeAreSent(t *testing.T) {
	for name, test := range map[string]struct{ stored, coding, mediaType string }{
		"gzip":                          {"gzip", "gzip", "image/png"},
		"in capitals":                   {"GZIP", "gzip", "image/png"},
		"two codings":                   {"br,gzip", "br, gzip", "image/png"},
		"none":                          {"", "", "image/png"},
		"identity, which is no coding":  {"identity", "", "image/png"},
		"the coding of an SDK's upload": {"aws-chunked", "", "image/png"},
		"an SDK's upload with gzip":     {"gzip, aws-chunked", "gzip", "image/png"},
		"an unknown coding":             {"rot13", "", "application/octet-stream"},
		"a second line":                 {"gzip\r\nSet-Cookie: a=b", "", "application/octet-stream"},
		"a coding three times":          {"gzip, gzip, gzip", "", "application/octet-stream"},
	} {
		t.Run(name, func(t *testing.T) {
			stored := http.Header{"Content-Type": {"image/png"}, "Content-Encoding": {test.stored}}
			for _, got := range responses(t, &handler.Handler{Files: storedWith(stored)}) {
				got.expect(t, got.status, map[string]string{"Content-Encoding": test.coding, "Content-Type": test.mediaType})
			}
		})
	}
}

func TestInvalidLanguagesAreOmitted(t *testing.T) {
	for stored, want := range map[string]string{
		"fr": "fr", "de-CH,fr": "de-CH, fr", "": "", "x\r\ny": "", "é": "", strings.Repeat("a", 36): "", strings.Repeat("a,", 11): "",
	} {
		for _, got := range responses(t, &handler.Handler{Files: storedWith(http.Header{"Content-Language": {stored}})}) {
			got.expect(t, got.status, map[string]string{"Content-Language": want})
		}
	}
}

// RFC 9111, 3.5: a shared cache stores no response to a request with Authorization. A request with a key
// in X-Api-Key has none.
func TestSharedCachesDoNotStoreResponsesThatNeedAKey(t *testing.T) {
	for name, test := range map[string]struct{ stored, keyed, public string }{
		"nothing":                         {"", "private, no-cache", "no-cache"},
		"public":                          {"public", "private, no-cache", "public"},
		"public for a year":               {"public, max-age=31536000, immutable", "private, max-age=31536000, immutable", "public, max-age=31536000, immutable"},
		"for shared caches":               {"s-maxage=60, proxy-revalidate, max-age=5", "private, max-age=5", "s-maxage=60, proxy-revalidate, max-age=5"},
		"private":                         {"private, max-age=5", "private, max-age=5", "private, max-age=5"},
		"never":                           {"no-store", "no-store", "no-store"},
		"with an invalid age":             {"max-age=soon", "private, no-cache", "no-cache"},
		"with a negative age":             {"max-age=-1, must-revalidate", "private, must-revalidate", "must-revalidate"},
		"with an age that is too large":   {"max-age=99999999999", "private, no-cache", "no-cache"},
		"with two ages":                   {"max-age=5, MAX-AGE=6", "private, max-age=5", "max-age=5"},
		"with two, the first invalid":     {"max-age=soon, max-age=6", "private, no-cache", "no-cache"},
		"with fields that are not cached": {`no-cache="Set-Cookie, X-A"`, "private, no-cache", "no-cache"},
		"with private directives":         {"max-age=5, x-private=a", "private, max-age=5", "max-age=5"},
		"with stale copies on errors":     {"max-age=5, stale-while-revalidate=6, stale-if-error=7", "private, max-age=5, stale-while-revalidate=6, stale-if-error=7", "max-age=5, stale-while-revalidate=6, stale-if-error=7"},
		"with a second line":              {"max-age=5\r\nSet-Cookie: a=b", "private, no-cache", "no-cache"},
	} {
		t.Run(name, func(t *testing.T) {
			files := storedWith(http.Header{"Cache-Control": {test.stored}})
			for _, public := range []bool{false, true} {
				want := test.keyed
				if public {
					want = test.public
				}
				for _, got := range responses(t, &handler.Handler{Files: files, Public: public}) {
					got.expect(t, got.status, map[string]string{"Cache-Control": want})
				}
			}
		})
	}
	t.Run("in a redirect to S3", func(t *testing.T) {
		for want, public := range map[string]bool{"private, max-age=5": false, "max-age=5": true} {
			var linked string
			files := storedWith(http.Header{"Cache-Control": {"max-age=5"}})
			files.link = func(_ string, header http.Header) (string, error) {
				linked = header.Get("Cache-Control")
				return "https://bucket.example/a?signed", nil
			}
			got := do(t, &handler.Handler{Files: files, Public: public, StreamMax: 9}, file("GET", "a", nil, ""))
			if got.status != 307 || linked != want {
				t.Errorf("%d, and S3 is to send Cache-Control %q, want %q", got.status, linked, want)
			}
		}
	})
	t.Run("in every response", func(t *testing.T) {
		for _, h := range allStates() {
			for resource, methods := range h.Routes() {
				if resource == "/openapi.json" {
					continue // it needs no key
				}
				for _, method := range methods {
					for _, request := range requests(method, resource) {
						got := do(t, &h, request)
						directives := strings.Split(got.header.Get("Cache-Control"), ", ")
						if cacheable := method == "GET" || method == "HEAD"; cacheable && !slices.Contains(directives, "private") && !slices.Contains(directives, "no-store") {
							t.Fatalf("%s %s gets %d with Cache-Control %q", method, resource, got.status, directives)
						}
					}
				}
			}
		}
	})
	t.Run("a public item is stored until it changes", func(t *testing.T) {
		get := func(string) (store.Item, cache.Status, error) { return stored, cache.Hit, nil }
		for want, public := range map[string]bool{"private, no-cache": false, "no-cache": true} {
			do(t, &handler.Handler{Items: items{get: get}, Public: public}, item("GET", "a", nil, "")).expect(t, 200, map[string]string{"Cache-Control": want})
		}
	})
}

// S3 stores up to 8 KB of headers with an object (Amazon S3 API reference, PutObject). They are returned in the first
// 16 KB of a stream, in which JSON has six bytes for some characters.
func TestTheLongestStoredHeadersFitIntoAStreamsPrelude(t *testing.T) {
	const stored, head = 8 << 10, 16 << 10
	longest := http.Header{
		"Content-Type":        {`text/html; a="` + strings.Repeat("<", stored) + `"`},
		"Content-Disposition": {`attachment; filename="` + strings.Repeat("&", 255) + `"`},
		"Content-Encoding":    {strings.Repeat("gzip,", stored/5)},
		"Content-Language":    {strings.Repeat("a,", stored/2)},
		"Cache-Control":       {strings.Repeat("max-age=5,", stored/10)},
	}
	for _, header := range []http.Header{longest, {"Content-Type": {`text/html; a="` + strings.Repeat("<", 230) + `"`}}} {
		b := storedWith(header)
		h := &handler.Handler{Files: b, Log: slog.New(slog.DiscardHandler)}
		served, err := h.Serve(t.Context(), file("GET", "a", nil, ""))
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(served.(io.Reader))
		if at := strings.Index(string(text), "\x00"); err != nil || at < 0 || at > head/4 {
			t.Errorf("the head has %d bytes, %v", at, err)
		}
	}
}
