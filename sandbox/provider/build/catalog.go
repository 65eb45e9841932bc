package main

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// catalog has the pulumi-aws SDK's types in the modules that the served upstream types may belong to. Types are written
// as "string", "int", "float", "bool", "any", "archive", "asset", "[]T" (list), "{}T" (map of strings to T) or
// "@pkg.Name", a key of Types.
type catalog struct {
	Resources map[string]*member           `json:"resources"`
	Functions map[string]*member           `json:"functions"`
	Types     map[string]map[string]string `json:"types"`
	// Used are the types that the programs use.
	Used used `json:"used"`
	// ResourceTokens and FunctionTokens are the tokens of the served upstream types that the SDK has.
	ResourceTokens map[string]string `json:"resourceTokens"`
	FunctionTokens map[string]string `json:"functionTokens"`
}

// member is one resource or function: property names and their types.
type member struct {
	Inputs  map[string]string `json:"inputs"`
	Outputs map[string]string `json:"outputs"`
	Secrets []string          `json:"secrets,omitempty"`
	Aliases []string          `json:"aliases,omitempty"`
}

// newCatalog reads the catalog for the upstream types that are served from the SDK.
func newCatalog(source *sdk, served registered, used used) (*catalog, error) {
	result := &catalog{
		Resources: map[string]*member{}, Functions: map[string]*member{}, Types: map[string]map[string]string{},
		Used: used, ResourceTokens: map[string]string{}, FunctionTokens: map[string]string{},
	}
	collected := map[string]bool{}
	for _, upstream := range slices.Concat(served.resources, served.functions) {
		for _, module := range modulesOf(upstream) {
			pkg, err := source.module(module)
			if err != nil {
				return nil, err
			}
			if pkg != nil && !collected[module] {
				collected[module] = true
				pkg.collect(result)
			}
		}
	}
	resources, functions := newTokens(slices.Collect(maps.Keys(result.Resources))...), newTokens(slices.Collect(maps.Keys(result.Functions))...)
	for _, upstream := range served.resources {
		if token := resources.resource(upstream); token != "" {
			result.ResourceTokens[upstream] = token
		}
	}
	for _, upstream := range served.functions {
		if token := functions.function(upstream); token != "" {
			result.FunctionTokens[upstream] = token
		}
	}
	return result, nil
}

// write writes the catalog to a file.
func (c *catalog) write(file string) error {
	content, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("encode the catalog: %w", err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		return fmt.Errorf("write the catalog: %w", err)
	}
	return nil
}

// collect adds a package's resources, functions and types to the catalog.
func (p *sdkPackage) collect(into *catalog) {
	for _, function := range p.functions {
		call, token := registration(function)
		switch call {
		case "RegisterResource":
			into.Resources[token] = p.resource(function)
		case "Invoke":
			into.Functions[token] = p.function(function)
		}
	}
	for name, structure := range p.structs {
		// A type may have no properties at all; a struct with only untagged fields is
		// the SDK's machinery.
		if fields := p.fields(structure); len(fields) > 0 || len(structure.Fields.List) == 0 {
			into.Types[p.name+"."+name] = fields
		}
	}
}

// resource describes the resource that a New function registers.
func (p *sdkPackage) resource(function *ast.FuncDecl) *member {
	name := strings.TrimPrefix(function.Name.Name, "New")
	state := p.fields(p.structs[lowerFirst(name)+"State"])
	outputs := map[string]string{}
	for property := range p.fields(p.structs[name]) {
		outputs[property] = "any"
		if kind, ok := state[property]; ok {
			outputs[property] = kind
		}
	}
	return &member{
		Inputs:  p.fields(p.structs[lowerFirst(name)+"Args"]),
		Outputs: outputs,
		Secrets: stringsIn(function, "AdditionalSecretOutputs"),
		Aliases: stringsIn(function, "Aliases"),
	}
}

// function describes the data source that a Get or Lookup function invokes.
func (p *sdkPackage) function(function *ast.FuncDecl) *member {
	described := &member{Inputs: map[string]string{}, Outputs: map[string]string{}}
	for _, parameter := range function.Type.Params.List {
		if name := structName(parameter.Type); strings.HasSuffix(name, "Args") {
			described.Inputs = p.fields(p.structs[name])
		}
	}
	if results := function.Type.Results; results != nil && len(results.List) > 0 {
		described.Outputs = p.fields(p.structs[structName(results.List[0].Type)])
	}
	return described
}

// registration returns the SDK call that a function makes and the token that it names.
func registration(function *ast.FuncDecl) (call, token string) {
	ast.Inspect(function, func(node ast.Node) bool {
		expression, ok := node.(*ast.CallExpr)
		if !ok || token != "" {
			return token == ""
		}
		selector, ok := expression.Fun.(*ast.SelectorExpr)
		if !ok || len(expression.Args) == 0 {
			return true
		}
		if name := selector.Sel.Name; slices.Contains([]string{"RegisterResource", "ReadResource", "Invoke"}, name) {
			call, token = name, literal(expression.Args[0])
		}
		return true
	})
	return call, token
}

// stringsIn returns the string literals inside the named call.
func stringsIn(function *ast.FuncDecl, call string) []string {
	var found []string
	ast.Inspect(function, func(node ast.Node) bool {
		expression, ok := node.(*ast.CallExpr)
		if !ok {
			return true
		}
		selector, ok := expression.Fun.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != call {
			return true
		}
		for _, argument := range expression.Args {
			ast.Inspect(argument, func(node ast.Node) bool {
				if value, ok := node.(*ast.BasicLit); ok {
					found = append(found, literal(value))
				}
				return true
			})
		}
		return false
	})
	return found
}

func literal(expression ast.Expr) string {
	value, ok := expression.(*ast.BasicLit)
	if !ok {
		return ""
	}
	text, err := strconv.Unquote(value.Value)
	if err != nil {
		return ""
	}
	return text
}

func structName(expression ast.Expr) string {
	if pointer, ok := expression.(*ast.StarExpr); ok {
		expression = pointer.X
	}
	if name, ok := expression.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

func lowerFirst(name string) string {
	first, size := utf8.DecodeRuneInString(name)
	return string(unicode.ToLower(first)) + name[size:]
}
