// Package s3 corrects S3.
package s3

import (
	"encoding/xml"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
	"github.com/didomi/serverless-api/sandbox/gateway/xmltree"
)

// service is S3 as the gateway corrects it.
type service struct {
	*call.Account
}

// New describes the service for an account.
func New(a *call.Account) call.Service {
	return (&service{Account: a}).calls()
}

// calls are found by what they ask for.
func (s *service) calls() call.Service {
	return call.Service{Name: "s3", Bounds: bounds, Match: s.matchS3, Encoded: func(*http.Request) bool { return true }}
}

func (s *service) matchS3(r *http.Request) call.Handler {
	if refuse := s.refuseBucket(r); refuse != nil {
		return refuse
	}
	if refuse := refuseUnsigned(r); refuse != nil {
		return refuse
	}
	if listsVersionsEncoded(r) {
		return call.After(encodeVersions)
	}
	return nil
}

// refuseUnsigned answers a presigned request to S3 with an x-amz-* header that its
// address does not sign, as S3 does: who has the address must not choose a storage
// class, tags or the source of a copy. The emulator would do what the header says.
// https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html (X-Amz-SignedHeaders)
func refuseUnsigned(r *http.Request) call.Handler {
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
func s3Error(status int, code, message string) call.Handler {
	type problem struct {
		XMLName       xml.Name `xml:"Error"`
		Code, Message string
	}
	return func(x *call.Exchange) error {
		body, err := xml.Marshal(problem{Code: code, Message: message})
		if err != nil {
			body = []byte("<Error/>")
		}
		x.RefuseAs("application/xml", status, body)
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
func encodeVersions(x *call.Exchange) error {
	answer, err := xmltree.Parse(x.Answer)
	if err != nil {
		return err
	}
	encoded := map[string]bool{"Key": true, "Prefix": true, "Delimiter": true, "KeyMarker": true, "NextKeyMarker": true}
	answer.Visit(func(n *xmltree.Node) {
		if encoded[n.Name] {
			n.Text = strings.ReplaceAll(url.QueryEscape(n.Text), "%2F", "/")
		}
	})
	if answer.Value("EncodingType") == "" {
		answer.Children = append(answer.Children, &xmltree.Node{Name: "EncodingType", Text: "url"})
	}
	x.Answer = answer.Bytes()
	return nil
}
