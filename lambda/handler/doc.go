// Package handler serves the API's requests.
//
// Routes are selected by the resource that API Gateway matched, never by the path, which contains a base path
// under a custom domain. Path parameters of a REST API arrive percent-encoded, query parameters decoded.
//
// # Identifiers
//
// An item's id has 1 to 128 characters out of A-Z a-z 0-9 . _ ~ : - and is neither "." nor "..". No item can
// have another id: reading or deleting one is 404, writing one is 422. A file's key has 1 to 1024 bytes of
// UTF-8 without control characters and without "." and ".." as a segment.
package handler
