// Package schematest compares the bridged provider with the pulumi-aws SDK: its
// tests check that every property of every type has the SDK's name and shape.
package schematest
