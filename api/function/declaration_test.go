package function

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestEachFunctionIsDeclaredWithItsRoleAndLog(t *testing.T) {
	r := build(t, full())
	var functions []string
	for _, function := range r.OfType("aws:lambda/function:Function") {
		functions = append(functions, strings.TrimPrefix(function.Name, testName+"-"))
	}
	if want := Suffixes(); !slices.Equal(slices.Sorted(slices.Values(functions)), slices.Sorted(slices.Values(want))) {
		t.Errorf("created are the functions %v, declared are %v: give the spec of a function the suffix of its declaration, and list the declaration in api/function/declaration.go", functions, want)
	}
	for token, ending := range map[string]string{
		"aws:iam/role:Role": "-role", "aws:iam/rolePolicy:RolePolicy": "-rights", "aws:cloudwatch/logGroup:LogGroup": "-log",
	} {
		var names []string
		for _, resource := range r.OfType(token) {
			names = append(names, strings.TrimSuffix(strings.TrimPrefix(resource.Name, testName+"-"), ending))
		}
		if !slices.Equal(slices.Sorted(slices.Values(names)), slices.Sorted(slices.Values(functions))) {
			t.Errorf("%s exist for %v, want one for each function: %v", token, names, functions)
		}
	}
}

// The binary of lambda/operations selects the function by its handler when it starts, so a missing one fails only when
// the function is invoked.
func TestOperationsHasTheHandlerOfEachOtherFunction(t *testing.T) {
	handlers := operationsHandlers(t)
	for _, function := range build(t, full()).OfType("aws:lambda/function:Function") {
		if function.Name == testName+"-"+servingSuffix {
			continue
		}
		if handler := function.Inputs["handler"].(string); !slices.Contains(handlers, handler) {
			t.Errorf("%s has the handler %q, which lambda/operations lacks (it has %v): add it to builders in lambda/operations/main.go", function.Name, handler, handlers)
		}
	}
}

// operationsHandlers are the values of the constants that are the keys of builders.
func operationsHandlers(t *testing.T) []string {
	t.Helper()
	values := contractConstants(t)
	main, err := parser.ParseFile(token.NewFileSet(), "../../lambda/operations/main.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var handlers []string
	ast.Inspect(main, func(n ast.Node) bool {
		declared, ok := n.(*ast.ValueSpec)
		if !ok || declared.Names[0].Name != "builders" {
			return true
		}
		for _, element := range declared.Values[0].(*ast.CompositeLit).Elts {
			name := element.(*ast.KeyValueExpr).Key.(*ast.SelectorExpr).Sel.Name
			handlers = append(handlers, values[name])
		}
		return false
	})
	if len(handlers) == 0 {
		t.Fatal("lambda/operations/main.go has no map builders")
	}
	return handlers
}

// contractConstants are the strings of lambda/contract by name.
func contractConstants(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../lambda/contract/*.go")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, path := range files {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if declared, ok := n.(*ast.ValueSpec); ok {
				for i, value := range declared.Values {
					if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
						values[declared.Names[i].Name], _ = strconv.Unquote(literal.Value)
					}
				}
			}
			return true
		})
	}
	return values
}
