// Package docs has the documentation that the function serves. It is here, because go:embed takes no file of another
// directory, and there is one file: readers, tools and clients of the API get the same bytes.
package docs

import _ "embed"

// Contract is the client's contract of the API, in OpenAPI. `make docs` writes it.
//
//go:embed openapi.json
var Contract []byte
