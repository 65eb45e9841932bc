// Package s3 corrects the emulator's S3 API.
package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// service corrects S3.
type service struct {
	*call.Account
}

// New returns the corrected calls of S3.
func New(a *call.Account) call.Service {
	s := &service{Account: a}
	return call.Service{Name: "s3", Bounds: bounds, Match: s.match, Encoded: func(*http.Request) bool { return true }}
}

// match finds corrected calls by path, query and headers: S3 names no operation.
func (s *service) match(r *http.Request) call.Handler {
	if reject := s.rejectBucketName(r); reject != nil {
		return reject
	}
	if reject := rejectUnsignedHeaders(r); reject != nil {
		return reject
	}
	if listsVersionsEncoded(r) {
		return call.After(encodeVersions)
	}
	return nil
}

// rejectUnsignedHeaders rejects a presigned request with an x-amz-* header that is not signed: whoever has the URL
// must not choose a storage class, tags or the source of a copy. The emulator applies the header.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-SignedHeaders)
func rejectUnsignedHeaders(r *http.Request) call.Handler {
	query := r.URL.Query()
	if !query.Has("X-Amz-Signature") {
		return nil
	}
	signed := strings.Split(query.Get("X-Amz-SignedHeaders"), ";")
	for name := range r.Header {
		name = strings.ToLower(name)
		if strings.HasPrefix(name, "x-amz-") && name != "x-amz-content-sha256" && !slices.Contains(signed, name) {
			return func(x *call.Exchange) error {
				return x.Reject(http.StatusForbidden, "AccessDenied", "There were headers present in the request which were not signed")
			}
		}
	}
	return nil
}

// listsVersionsEncoded reports whether the call is ListObjectVersions with encoding-type url.
func listsVersionsEncoded(r *http.Request) bool {
	query := r.URL.Query()
	return r.Method == http.MethodGet && query.Has("versions") && query.Get("encoding-type") == "url"
}

// encodeVersions encodes the keys in a ListObjectVersions response; the emulator ignores encoding-type. The provider
// decodes the keys when it empties a bucket: it would never delete a key with a plus sign, nor the bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html
func encodeVersions(x *call.Exchange) error {
	encoded := map[string]bool{"Key": true, "Prefix": true, "Delimiter": true, "KeyMarker": true, "NextKeyMarker": true}
	return x.EditXML(func(versions *xmltree.Node) error {
		versions.Visit(func(n *xmltree.Node) {
			if encoded[n.Name] {
				n.Text = strings.ReplaceAll(url.QueryEscape(n.Text), "%2F", "/")
			}
		})
		versions.Set("EncodingType", "url")
		return nil
	})
}
