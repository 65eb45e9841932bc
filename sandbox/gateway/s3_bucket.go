package gateway

import (
	"net/http"
	"regexp"
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

// refuseBucket answers a CreateBucket call whose bucket's name S3 refuses; nil: it is none.
func (g *Gateway) refuseBucket(r *http.Request) handler {
	bucket, limits := g.createdBucket(r), s3Bounds["CreateBucket"]
	message := limits.broken(func(string) string { return bucket })
	if message == "" {
		return nil
	}
	return s3Error(http.StatusBadRequest, limits.code, message)
}

// s3Bounds are those of the calls that give something its physical name, of the API reference.
var s3Bounds = map[string]boundedCall{
	// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
	"CreateBucket": boundOf("InvalidBucketName", "Bucket", 63, bucketName),
}

var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]+[a-z0-9]$`)
