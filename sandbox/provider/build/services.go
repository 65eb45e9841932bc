package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// servicesDir is the directory of upstream with a package for each service.
	servicesDir = "internal/service"
	// registrationsFile is the generated file of a service that registers its types.
	registrationsFile = "service_package_gen.go"
)

// registered are the upstream types that a service registers: "aws_db_proxy".
type registered struct{ resources, functions []string }

// readServices returns what each service of upstream registers.
func readServices(upstream string) (map[string]registered, error) {
	entries, err := os.ReadDir(filepath.Join(upstream, servicesDir))
	if err != nil {
		return nil, fmt.Errorf("list upstream's services: %w", err)
	}
	services := map[string]registered{}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		types, err := readRegistrations(upstream, entry.Name())
		if errors.Is(err, fs.ErrNotExist) {
			continue // a package that several services import
		}
		if err != nil {
			return nil, err
		}
		services[entry.Name()] = types
	}
	return services, nil
}

// readRegistrations returns what a service of upstream registers.
func readRegistrations(upstream, service string) (registered, error) {
	content, err := os.ReadFile(filepath.Join(upstream, servicesDir, service, registrationsFile))
	if err != nil {
		return registered{}, fmt.Errorf("read the types of upstream's service %s: %w", service, err)
	}
	types, err := parseRegistrations(content)
	if err != nil {
		return registered{}, fmt.Errorf("parse the types of upstream's service %s: %w", service, err)
	}
	return types, nil
}

// importedServices returns the services whose packages the given ones import, sorted: their clients are called. The
// types of these services are not served. Files in replace are read from there.
func importedServices(upstream string, services []string, replace map[string][]byte) ([]string, error) {
	imported := map[string]bool{}
	for _, service := range services {
		entries, err := os.ReadDir(filepath.Join(upstream, servicesDir, service))
		if err != nil {
			return nil, fmt.Errorf("list upstream's service %s: %w", service, err)
		}
		for _, entry := range entries {
			if !strings.HasSuffix(entry.Name(), ".go") || strings.HasSuffix(entry.Name(), "_test.go") {
				continue
			}
			file := path.Join(servicesDir, service, entry.Name())
			var content any // nil: the parser reads the file
			if replaced, ok := replace[file]; ok {
				content = replaced
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(upstream, file), content, parser.ImportsOnly)
			if err != nil {
				return nil, fmt.Errorf("parse the imports of upstream's service %s: %w", service, err)
			}
			for _, spec := range parsed.Imports {
				name, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), upstreamModule+"/"+servicesDir+"/")
				if ok && !strings.Contains(name, "/") && !slices.Contains(services, name) {
					imported[name] = true
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(imported)), nil
}

// parseRegistrations reads the TypeName of each element that the methods SDKResources, FrameworkDataSources and so on
// return.
func parseRegistrations(content []byte) (registered, error) {
	file, err := parser.ParseFile(token.NewFileSet(), "", content, parser.SkipObjectResolution)
	if err != nil {
		return registered{}, err
	}
	var result registered
	for _, decl := range file.Decls {
		method, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		switch method.Name.Name {
		case "SDKResources", "FrameworkResources":
			result.resources = append(result.resources, typeNames(method)...)
		case "SDKDataSources", "FrameworkDataSources":
			result.functions = append(result.functions, typeNames(method)...)
		}
	}
	return result, nil
}

func typeNames(method *ast.FuncDecl) []string {
	var names []string
	ast.Inspect(method, func(node ast.Node) bool {
		if element, ok := node.(ast.Expr); ok {
			if name := typeNameOf(element); name != "" {
				names = append(names, name)
			}
		}
		return true
	})
	return names
}

// servicesOf returns the services that register the used types, sorted. A used type that no service registers, or more
// than one upstream type stands for, is an error that names it.
func servicesOf(services map[string]registered, used used) ([]string, error) {
	owners := map[string][]string{} // upstream types of a token
	chosen := map[string]bool{}
	resources, functions := newTokens(used.Resources...), newTokens(used.Functions...)
	match := func(service, upstream, token string) {
		if token != "" {
			owners[token] = append(owners[token], upstream)
			chosen[service] = true
		}
	}
	for service, types := range services {
		for _, upstream := range types.resources {
			match(service, upstream, resources.resource(upstream))
		}
		for _, upstream := range types.functions {
			match(service, upstream, functions.function(upstream))
		}
	}
	var problems []error
	for _, token := range slices.Concat(used.Resources, used.Functions) {
		switch upstream := owners[token]; {
		case len(upstream) == 0:
			problems = append(problems, fmt.Errorf("the program uses %s, whose upstream type is not known: "+
				"add it to resourceTokens or functionTokens in sandbox/provider/build/tokens.go", token))
		case len(upstream) > 1:
			slices.Sort(upstream)
			problems = append(problems, fmt.Errorf("the upstream types %s are all %s: "+
				"correct it in sandbox/provider/build/tokens.go", strings.Join(upstream, ", "), token))
		}
	}
	return slices.Sorted(maps.Keys(chosen)), errors.Join(problems...)
}
