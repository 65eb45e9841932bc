package s3

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// createdBucket is the bucket's name in a CreateBucket call, from the path or the host. It is empty for other calls.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
func (s *service) createdBucket(r *http.Request) string {
	query := r.URL.Query()
	query.Del("x-id")
	if r.Method != http.MethodPut || len(query) > 0 {
		return ""
	}
	path := strings.Trim(r.URL.Path, "/")
	if host, ok := strings.CutSuffix(r.Host, "."+s.PublicURL.Host); ok && path == "" {
		return host
	}
	if strings.Contains(path, "/") {
		return ""
	}
	return path
}

// rejectBucketName rejects a CreateBucket call with an invalid name; it is nil for other calls.
func (s *service) rejectBucketName(r *http.Request) call.Handler {
	bucket, limits := s.createdBucket(r), bounds["CreateBucket"]
	message := limits.Violation(func(string) string { return bucket })
	if message == "" {
		return nil
	}
	return func(x *call.Exchange) error { return x.Reject(http.StatusBadRequest, limits.Code, message) }
}

// bounds limit the names of new resources, as the API reference does.
var bounds = map[string]call.BoundedCall{
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	"CreateBucket": call.BoundOf("InvalidBucketName", "Bucket", 63, bucketName),
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)
