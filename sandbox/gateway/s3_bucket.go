package gateway

import (
	"net/http"
	"strings"
)

// createdBucket is the name in a CreateBucket call, in the path or in the host; empty for any other call.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html
func (g *Gateway) createdBucket(r *http.Request) string {
	query := r.URL.Query()
	query.Del("x-id")
	if r.Method != http.MethodPut || len(query) > 0 {
		return ""
	}
	path := strings.Trim(r.URL.Path, "/")
	if host, ok := strings.CutSuffix(r.Host, "."+g.config.PublicURL.Host); ok && path == "" {
		return host
	}
	if strings.Contains(path, "/") {
		return ""
	}
	return path
}

// refuseBucket answers a CreateBucket call whose bucket's name S3 refuses, and says whether it did.
func (g *Gateway) refuseBucket(w http.ResponseWriter, r *http.Request) bool {
	bucket, limits := g.createdBucket(r), boundedCalls["s3:CreateBucket"]
	message := limits.broken(func(string) string { return bucket })
	if message == "" {
		return false
	}
	writeS3Error(w, http.StatusBadRequest, limits.code, message)
	return true
}
