package gateway

import (
	"net/http"
	"net/url"
	"strings"
)

// listsVersionsEncoded reports whether the call is ListObjectVersions that asks
// for encoded keys.
func listsVersionsEncoded(r *http.Request) bool {
	query := r.URL.Query()
	return r.Method == http.MethodGet && query.Has("versions") && query.Get("encoding-type") == "url"
}

// encodeVersions encodes the keys of a ListObjectVersions answer, which the
// emulator leaves as they are and does not say so. The provider decodes them
// when it empties a bucket: a key with a plus sign would never be deleted, and
// the bucket neither.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
func encodeVersions(x *exchange) error {
	answer, err := parseXML(x.answer)
	if err != nil {
		return err
	}
	encoded := map[string]bool{"Key": true, "Prefix": true, "Delimiter": true, "KeyMarker": true, "NextKeyMarker": true}
	answer.visit(func(n *node) {
		if encoded[n.name] {
			n.text = strings.ReplaceAll(url.QueryEscape(n.text), "%2F", "/")
		}
	})
	if answer.value("EncodingType") == "" {
		answer.children = append(answer.children, &node{name: "EncodingType", text: "url"})
	}
	x.answer = answer.bytes()
	return nil
}
