package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
)

// sdkPackage is one package of the pulumi-aws SDK, parsed.
type sdkPackage struct {
	name      string
	structs   map[string]*ast.StructType
	named     map[string]ast.Expr // other named types: enumerations
	functions []*ast.FuncDecl
}

func parseSDKPackage(dir, name string) (*sdkPackage, error) {
	pkg := &sdkPackage{name: name, structs: map[string]*ast.StructType{}, named: map[string]ast.Expr{}}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the SDK's package %s: %w", name, err)
	}
	for _, entry := range entries {
		if entry.IsDir() || !strings.HasSuffix(entry.Name(), ".go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(dir, entry.Name()), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse the SDK's package %s: %w", name, err)
		}
		pkg.add(file)
	}
	return pkg, nil
}

func (p *sdkPackage) add(file *ast.File) {
	for _, decl := range file.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil {
				p.functions = append(p.functions, decl)
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				if spec, ok := spec.(*ast.TypeSpec); ok {
					p.addType(spec)
				}
			}
		}
	}
}

func (p *sdkPackage) addType(spec *ast.TypeSpec) {
	if structure, ok := spec.Type.(*ast.StructType); ok {
		p.structs[spec.Name.Name] = structure
		return
	}
	p.named[spec.Name.Name] = spec.Type
}

// fields returns a struct's properties by their pulumi tag.
func (p *sdkPackage) fields(structure *ast.StructType) map[string]string {
	fields := map[string]string{}
	if structure == nil {
		return fields
	}
	for _, field := range structure.Fields.List {
		if field.Tag == nil {
			continue
		}
		tag, err := strconv.Unquote(field.Tag.Value)
		if err != nil {
			continue
		}
		name, _, _ := strings.Cut(reflect.StructTag(tag).Get("pulumi"), ",")
		if name != "" {
			fields[name] = p.kind(field.Type)
		}
	}
	return fields
}

// kind writes a plain Go type in the catalog's notation.
func (p *sdkPackage) kind(expression ast.Expr) string {
	switch expression := expression.(type) {
	case *ast.StarExpr:
		return p.kind(expression.X)
	case *ast.ArrayType:
		return "[]" + p.kind(expression.Elt)
	case *ast.MapType:
		return "{}" + p.kind(expression.Value)
	case *ast.SelectorExpr:
		return externalKind(expression.Sel.Name)
	case *ast.Ident:
		return p.identKind(expression.Name)
	}
	return "any"
}

func externalKind(name string) string {
	switch name {
	case "Archive":
		return "archive"
	case "AssetOrArchive", "Asset":
		return "asset"
	}
	return "any"
}

func (p *sdkPackage) identKind(name string) string {
	switch name {
	case "string", "bool", "int":
		return name
	case "float64":
		return "float"
	}
	if _, ok := p.structs[name]; ok {
		return "@" + p.name + "." + name
	}
	if underlying, ok := p.named[name]; ok {
		return p.kind(underlying)
	}
	return "any"
}
