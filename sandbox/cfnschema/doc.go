// Package cfnschema holds the check of a stack's deployed values against AWS's own resource schemas and
// per-region data, by cfn-lint: check.py makes a CloudFormation template of a stack's state, by the names in
// mapping.py.
package cfnschema
