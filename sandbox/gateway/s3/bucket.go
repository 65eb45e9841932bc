package s3

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/didomi/serverless-api/sandbox/gateway/call"
)

// createdBucket is the name in a CreateBucket call, in the path or in the host; empty for any other call.
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

// refuseBucket answers a CreateBucket call whose bucket's name S3 refuses; nil: it is none.
func (s *service) refuseBucket(r *http.Request) call.Handler {
	bucket, limits := s.createdBucket(r), bounds["CreateBucket"]
	message := limits.Broken(func(string) string { return bucket })
	if message == "" {
		return nil
	}
	return s3Error(http.StatusBadRequest, limits.Code, message)
}

// bounds are those of the calls that give something its physical name, of the API reference.
var bounds = map[string]call.BoundedCall{
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	"CreateBucket": call.BoundOf("InvalidBucketName", "Bucket", 63, bucketName),
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)
