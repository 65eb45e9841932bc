package gateway

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// s3Calls are found by what they ask for.
func (g *Gateway) s3Calls() service {
	return service{name: "s3", bounds: s3Bounds, match: g.matchS3, encoded: func(*http.Request) bool { return true }}
}

func (g *Gateway) matchS3(r *http.Request) handler {
	if refuse := g.refuseBucket(r); refuse != nil {
		return refuse
	}
	if refuse := refuseUnsigned(r); refuse != nil {
		return refuse
	}
	if listsVersionsEncoded(r) {
		return after(encodeVersions)
	}
	return nil
}

// refuseUnsigned answers a presigned request to S3 with an x-amz-* header that its
// address does not sign, as S3 does: who has the address must not choose a storage
// class, tags or the source of a copy. The emulator would do what the header says.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-SignedHeaders)
func refuseUnsigned(r *http.Request) handler {
	query := r.URL.Query()
	if !query.Has("X-Amz-Signature") {
		return nil
	}
	signed := strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-content-sha256" && !slices.Contains(signed, name) {
			return s3Error(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed")
		}
	}
	return nil
}

// s3Error answers as S3 does with an error.
func s3Error(status int, code, message string) handler {
	type problem struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}
	return func(x *exchange) error {
		body, err := xml.Marshal(problem{Code: code, Message: message})
		if err != nil {
			body = []byte("<Error/>")
		}
		x.refuseAs("application/xml", status, body)
		return nil
	}
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
