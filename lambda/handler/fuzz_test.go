package handler

import (
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

var rangeForm = regexp.MustCompile(`^bytes=([0-9]+-[0-9]*|-[0-9]+)$`)

func FuzzRange(f *testing.F) {
	for _, seed := range []string{"bytes=0-0", "bytes=-5", "bytes=5-", "bytes=5-4", "BYTES = 1-2", "bytes=1-2,3-4", "bytes=99999999999999999999-", "bytes=--1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		parsed := parseRange(header)
		if parsed != "" && !rangeForm.MatchString(parsed) {
			t.Fatalf("%q became %q", header, parsed)
		}
		if again := parseRange(parsed); again != parsed {
			t.Fatalf("%q became %q and then %q", header, parsed, again)
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("")
	f.Add(encodeCursor("a"))
	f.Add("MQ")
	f.Fuzz(func(t *testing.T, cursor string) {
		id, err := decodeCursor(cursor)
		if err != nil {
			return
		}
		if !validID(id) || encodeCursor(id) != cursor {
			t.Fatalf("cursor %q is %q, whose cursor is %q", cursor, id, encodeCursor(id))
		}
	})
}

func FuzzItemID(f *testing.F) {
	for _, seed := range []string{"a", ".", "..", "a b", "{a}", strings.Repeat("a", 129), "é"} {
		f.Add(seed)
	}
	form := regexp.MustCompile(`^[A-Za-z0-9._~:-]{1,128}$`)
	f.Fuzz(func(t *testing.T, id string) {
		if want := form.MatchString(id) && id != "." && id != ".."; validID(id) != want {
			t.Fatalf("%q is valid: %v", id, !want)
		}
	})
}

func FuzzFileKey(f *testing.F) {
	for _, seed := range []string{"a/b", "a%2Fb", "a%20b+c", "%", "../a", "a/./b", "%00", "%C3%A9", "%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		key, ok := (&request{path: parameters{{"key", []string{raw}}}}).parameter("key")
		if !ok || !validKey(key) {
			return
		}
		if strings.Contains("/"+key+"/", "//") || !utf8.ValidString(key) || strings.ContainsAny(key, "\r\n\x00") || strings.Contains("/"+key+"/", "/../") {
			t.Fatalf("%q became the key %q", raw, key)
		}
	})
}

func FuzzETags(f *testing.F) {
	for _, seed := range []string{`"a"`, `W/"a", "b"`, `*`, `"`, `W/`, `a,"b"`, `"a""b"`, `,,"a"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		tags, any, ok := parseETags([]string{header})
		if ok != (any || len(tags) > 0) {
			t.Fatalf("%q is well formed: %v, with the tags %v", header, ok, tags)
		}
		for _, tag := range tags {
			if strings.Contains(tag.value, `"`) || !strings.Contains(header, `"`+tag.value+`"`) {
				t.Fatalf("%q has the tag %q", header, tag.value)
			}
		}
	})
}

// headerForm is a value that a header may have; a quoted string may contain a tab (RFC 9110, 5.5 and 5.6.4).
var headerForm = regexp.MustCompile(`^[!-~]([\t -~]*[!-~])?$`)

func FuzzFileHeader(f *testing.F) {
	for _, seed := range [][5]string{
		{"text/html", "max-age=5", "inline; filename=a", "gzip", "en"},
		{"text/plain, text/html", `no-cache="a, b"`, `attachment; filename*=UTF-8''%0d%0a`, "identity", "de-CH, fr"},
		{"image/png\r\nA: b", "public", `form-data; filename="\"a"`, "rot13", "\x00"},
		{"text/plain; a=\"\t\"", "public", "inline; filename=\"a\tb\"", "gzip", "en"},
		{`text/plain; a="\", text/html"`, "MAX-AGE = 5", "inline", "aws-chunked", ","},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3], seed[4], false)
	}
	f.Fuzz(func(t *testing.T, contentType, cacheControl, disposition, encoding, language string, public bool) {
		header := fileHeader(http.Header{
			"Content-Type": {contentType}, "Cache-Control": {cacheControl}, "Content-Disposition": {disposition},
			"Content-Encoding": {encoding}, "Content-Language": {language},
		}, public)
		for name, values := range header {
			if len(values) != 1 || !headerForm.MatchString(values[0]) {
				t.Fatalf("%s: %q", name, values)
			}
		}
		mediaType, _, err := mime.ParseMediaType(header.Get("Content-Type"))
		if err != nil {
			t.Fatalf("Content-Type %q: %v", header.Get("Content-Type"), err)
		}
		policy, inline := inlineTypes[mediaType]
		attachment := strings.HasPrefix(header.Get("Content-Disposition"), "attachment")
		if !inline && (!attachment || header.Get("Content-Security-Policy") != sandboxPolicy) || inline && header.Get("Content-Security-Policy") != policy {
			t.Fatalf("%v", header)
		}
		if again := fileHeader(header, public); !reflect.DeepEqual(again, header) {
			t.Fatalf("%v became %v", header, again)
		}
	})
}
