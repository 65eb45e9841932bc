package gateway

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// refuseUnsigned answers a presigned request to S3 with an x-amz-* header that its
// address does not sign, as S3 does: who has the address must not choose a storage
// class, tags or the source of a copy. The emulator would do what the header says.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-SignedHeaders)
func refuseUnsigned(w http.ResponseWriter, r *http.Request) bool {
	query := r.URL.Query()
	if !query.Has("X-Amz-Signature") {
		return false
	}
	signed := strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-content-sha256" && !slices.Contains(signed, name) {
			writeS3Error(w, http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed")
			return true
		}
	}
	return false
}

// writeS3Error answers as S3 does with an error.
func writeS3Error(w http.ResponseWriter, status int, code, message string) {
	type problem struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}
	body, err := xml.Marshal(problem{Code: code, Message: message})
	if err != nil {
		body = []byte("<Error/>")
	}
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the caller may have left
}

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
