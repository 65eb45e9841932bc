package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
)

// cutServicePackages returns service_packages_gen.go with the elements of its one
// list literal limited to services.
func cutServicePackages(source string, services []string) ([]byte, error) {
	return rewrite(source, servicePackagesFile, func(file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			list, ok := node.(*ast.CompositeLit)
			if !ok {
				return true
			}
			list.Elts = slices.DeleteFunc(list.Elts, func(element ast.Expr) bool {
				return !slices.Contains(services, qualifierOf(element))
			})
			return false
		})
	})
}

// qualifierOf returns "ec2" for the expression ec2.ServicePackage(ctx).
func qualifierOf(expression ast.Expr) string {
	call, ok := expression.(*ast.CallExpr)
	if !ok {
		return ""
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if name, ok := selector.X.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// cutRegistrations returns a service_package_gen.go without the list elements that
// register one of types.
func cutRegistrations(source, name string, types []string) ([]byte, error) {
	return rewrite(source, name, func(file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			if list, ok := node.(*ast.CompositeLit); ok {
				list.Elts = slices.DeleteFunc(list.Elts, func(element ast.Expr) bool {
					return slices.Contains(types, typeNameOf(element))
				})
			}
			return true
		})
	})
}

// typeNameOf returns "aws_vpc" for the literal {TypeName: "aws_vpc", ...}.
func typeNameOf(element ast.Expr) string {
	fields, ok := element.(*ast.CompositeLit)
	if !ok {
		return ""
	}
	for _, field := range fields.Elts {
		if pair, ok := field.(*ast.KeyValueExpr); ok {
			if key, ok := pair.Key.(*ast.Ident); ok && key.Name == "TypeName" {
				return literal(pair.Value)
			}
		}
	}
	return ""
}

// cutClients returns awsclient_gen.go with the methods that are called somewhere.
func cutClients(source string, called map[string]bool) ([]byte, error) {
	return rewrite(source, clientsFile, func(file *ast.File) {
		file.Decls = slices.DeleteFunc(file.Decls, func(decl ast.Decl) bool {
			method, ok := decl.(*ast.FuncDecl)
			return ok && !called[method.Name.Name]
		})
	})
}

// nestingFile defines how deep WAF's statements may nest: upstream unrolls that
// recursion into a schema, each level of which multiplies its size.
const nestingFile = "internal/service/wafv2/consts.go"

// nestingLevels are the constants that define it, for rule groups and web ACLs.
var nestingLevels = []string{"ruleGroupRootStatementSchemaLevel", "webACLRootStatementSchemaLevel"}

// cutNesting returns nestingFile with two levels instead of three. With three,
// comparing the one web ACL of a preview takes 3 s more. Deeper statements are
// rejected as an unknown key.
func cutNesting(source string) ([]byte, error) {
	found := 0
	content, err := rewrite(source, nestingFile, func(file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			constant, ok := node.(*ast.ValueSpec)
			if ok && len(constant.Values) == 1 && slices.Contains(nestingLevels, constant.Names[0].Name) {
				constant.Values[0] = &ast.BasicLit{Kind: token.INT, Value: "2"}
				found++
			}
			return true
		})
	})
	if err == nil && found != len(nestingLevels) {
		err = fmt.Errorf("upstream's %s has %d of the constants %v", nestingFile, found, nestingLevels)
	}
	return content, err
}

// waitsFile holds the one timer behind all of upstream's waits and retries.
const waitsFile = "internal/backoff/backoff.go"

// pace is the factor by which the sandbox's provider polls more often than
// upstream, which polls first after half a minute and then every ten seconds, as
// suits AWS. The emulator completes at once or within a second. Deadlines, and
// how often a state must be read, stay the same.
const pace = "20"

// cutWaits returns waitsFile with that timer running pace times as fast.
func cutWaits(source string) ([]byte, error) {
	found := 0
	content, err := rewrite(source, waitsFile, func(file *ast.File) {
		ast.Inspect(file, func(node ast.Node) bool {
			if call, ok := node.(*ast.CallExpr); ok && isSelector(call.Fun, "time", "After") {
				call.Args[0] = &ast.BinaryExpr{X: call.Args[0], Op: token.QUO, Y: &ast.BasicLit{Kind: token.INT, Value: pace}}
				found++
			}
			return true
		})
	})
	if err == nil && found != 1 {
		err = fmt.Errorf("upstream's %s calls time.After in %d places, and waits are shortened in one", waitsFile, found)
	}
	return content, err
}

func isSelector(expression ast.Expr, qualifier, name string) bool {
	selector, ok := expression.(*ast.SelectorExpr)
	if !ok || selector.Sel.Name != name {
		return false
	}
	identifier, ok := selector.X.(*ast.Ident)
	return ok && identifier.Name == qualifier
}

// rewrite parses one of upstream's files, applies edit, drops unused imports and
// prints it without comments.
func rewrite(source, name string, edit func(*ast.File)) ([]byte, error) {
	content, err := os.ReadFile(filepath.Join(source, name))
	if err != nil {
		return nil, fmt.Errorf("read upstream's %s: %w", name, err)
	}
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, content, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("parse upstream's %s: %w", name, err)
	}
	edit(file)
	dropUnusedImports(file)
	var out bytes.Buffer
	if err := format.Node(&out, files, file); err != nil {
		return nil, fmt.Errorf("print %s: %w", name, err)
	}
	return out.Bytes(), nil
}

func dropUnusedImports(file *ast.File) {
	used := map[string]bool{}
	ast.Inspect(file, func(node ast.Node) bool {
		if selector, ok := node.(*ast.SelectorExpr); ok {
			if name, ok := selector.X.(*ast.Ident); ok {
				used[name.Name] = true
			}
		}
		return true
	})
	for _, decl := range file.Decls {
		imports, ok := decl.(*ast.GenDecl)
		if !ok || imports.Tok != token.IMPORT {
			continue
		}
		imports.Specs = slices.DeleteFunc(imports.Specs, func(spec ast.Spec) bool {
			return !used[importedName(spec.(*ast.ImportSpec))]
		})
	}
}

// importedName derives a package's name from its path, which is correct for the
// files that are rewritten.
func importedName(spec *ast.ImportSpec) string {
	if spec.Name != nil {
		return spec.Name.Name
	}
	imported, err := strconv.Unquote(spec.Path.Value)
	if err != nil {
		return ""
	}
	return path.Base(imported)
}
