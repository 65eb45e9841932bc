// Package schematest holds the bridged provider against the pulumi-aws SDK: its
// tests prove that every property of every type has the SDK's name and shape.
package schematest
