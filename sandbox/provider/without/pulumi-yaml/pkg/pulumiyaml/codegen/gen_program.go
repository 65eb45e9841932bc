// Package codegen stands for Pulumi's, with which the bridge writes the examples of a provider's documentation in YAML. The
// sandbox's has no documentation, and Pulumi's imports the whole SDK.
package codegen

import (
	"errors"

	"github.com/hashicorp/hcl/v2"
)

// GenerateProgram returns an error.
func GenerateProgram(any) (map[string][]byte, hcl.Diagnostics, error) {
	return nil, nil, errors.New("the sandbox's AWS provider is built without the generator of YAML programs")
}
