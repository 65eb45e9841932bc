package main

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"slices"
	"strconv"
)

// foreignCalls are functions of a service that call another one, whose package and client are a large part of the build.
var foreignCalls = []struct{ service, file, function, calls string }{
	{"wafv2", "web_acl_data_source.go", "findWebACLByCloudFrontDistributionARN", "cloudfront"},
	{"ec2", "vpc_ipam_organization_admin_account.go", "resourceIPAMOrganizationAdminAccountRead", "organizations"},
}

// cutCalls puts into replace the files of foreignCalls with functions that return an error, where the programs use the
// service and not the one that it calls.
func cutCalls(source string, services []string, replace map[string][]byte) error {
	for _, c := range foreignCalls {
		if !slices.Contains(services, c.service) || slices.Contains(services, c.calls) {
			continue
		}
		file := path.Join(servicesDir, c.service, c.file)
		found := false
		content, err := rewrite(source, file, func(file *ast.File) {
			for _, decl := range file.Decls {
				if function, ok := decl.(*ast.FuncDecl); ok && function.Name.Name == c.function {
					found = true
					function.Body = failing(function, "the sandbox's AWS provider is built without the service "+c.calls+", which no program uses")
				}
			}
		})
		if err == nil && !found {
			err = fmt.Errorf("upstream's %s has no function %s: correct foreignCalls in sandbox/provider/build/cutcalls.go", file, c.function)
		}
		if err != nil {
			return err
		}
		replace[file] = content
	}
	return nil
}

// failing returns a body that returns the message as the last result, an error or diagnostics, and nil for the others.
func failing(function *ast.FuncDecl, message string) *ast.BlockStmt {
	results := function.Type.Results.List
	format := &ast.SelectorExpr{X: ast.NewIdent("fmt"), Sel: ast.NewIdent("Errorf")}
	if isSelector(results[len(results)-1].Type, "diag", "Diagnostics") {
		format.X = ast.NewIdent("diag")
	}
	failure := &ast.CallExpr{Fun: format, Args: []ast.Expr{&ast.BasicLit{Kind: token.STRING, Value: strconv.Quote(message)}}}
	values := slices.Repeat([]ast.Expr{ast.NewIdent("nil")}, len(results)-1)
	return &ast.BlockStmt{List: []ast.Stmt{&ast.ReturnStmt{Results: append(values, failure)}}}
}
