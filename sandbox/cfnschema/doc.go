// Package cfnschema tests check.py, which validates a stack's deployed values against AWS's resource schemas and
// per-region data with cfn-lint. It converts a stack's state to a CloudFormation template by the names in mapping.py.
package cfnschema
