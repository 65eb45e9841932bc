package files

import "time"

// The platform's limits on streamed responses. Sources, read in 2026:
//
//   - AWS Lambda developer guide, "Response streaming for Lambda functions":
//     a streamed response is at most 200 MB; the first 6 MB are not throttled,
//     what follows is streamed at up to 2 MB/s.
//   - Amazon API Gateway developer guide, "Response transfer mode": payloads
//     over 10 MB are limited to 2 MB/s, so Lambda's limit comes first.
const (
	MaxStream        = 200_000_000 // bytes
	unthrottledBytes = 6_000_000   // bytes
	bytesPerSec      = 2_000_000
	// streamMargin is reserved of the invocation's time for everything else.
	streamMargin = 2 * time.Second
)

// Streamable reports whether a body of size bytes is streamed: it has at most limit bytes, and an invocation can send it within
// left. The limit bounds how long a stream occupies an execution environment; 0 is MaxStream.
func Streamable(size, limit int64, left time.Duration) bool {
	if limit == 0 {
		limit = MaxStream
	}
	if size > limit {
		return false
	}
	throttled := max(0, size-unthrottledBytes)
	return time.Duration(throttled)*time.Second/bytesPerSec+streamMargin <= left
}
