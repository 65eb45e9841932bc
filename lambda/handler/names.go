package handler

import (
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/didomi/serverless-api/lambda/fault"
)

const (
	maxID  = 128  // characters
	maxKey = 1024 // bytes, S3's limit

	idRule  = "an item's id has 1 to 128 characters out of A-Z a-z 0-9 . _ ~ : - and is neither . nor .., and no slash follows it"
	keyRule = "a file's key has 1 to %d bytes of UTF-8 without control characters, and no segment of it between slashes is empty or . or .."
)

// itemID returns the id in the path, or an error of the given kind if it is invalid.
func (r *request) itemID(kind fault.Kind) (string, error) {
	id, ok := r.parameter("id")
	if !ok || !validID(id) {
		return "", fault.New(kind, idRule)
	}
	return id, nil
}

func validID(id string) bool {
	if id == "" || len(id) > maxID || id == "." || id == ".." {
		return false
	}
	for i := range len(id) {
		c := id[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("._~:-", c) < 0 {
			return false
		}
	}
	return true
}

// fileKey returns the key in the path, or an error of the given kind if it is invalid.
func (r *request) fileKey(kind fault.Kind) (string, error) {
	key, ok := r.parameter("key")
	if !ok || !validKey(key) {
		return "", fault.New(kind, keyRule, maxKey)
	}
	return key, nil
}

// validKey accepts keys that have a single spelling in a path: clients and proxies remove empty segments and dots (RFC
// 3986, 6.2.2.3), and API Gateway removes trailing slashes. Unicode is not normalized, because S3 compares bytes.
func validKey(key string) bool {
	if key == "" || len(key) > maxKey || !utf8.ValidString(key) || strings.ContainsFunc(key, unicode.IsControl) {
		return false
	}
	for segment := range strings.SplitSeq(key, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return false
		}
	}
	return true
}

// validMediaType reports whether text is a valid Content-Type (RFC 9110, 8.3.1).
func validMediaType(text string) bool {
	mediaType, _, err := mime.ParseMediaType(text)
	return err == nil && strings.Contains(mediaType, "/") && !strings.ContainsFunc(text, unicode.IsControl)
}
