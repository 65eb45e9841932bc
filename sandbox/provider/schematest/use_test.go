package schematest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-provider-aws/sandbox/catalog"
)

const (
	providerToken = "pulumi:providers:aws"
	sdkPath       = "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	programDir    = "../../.."
	programModule = "github.com/didomi/serverless-api/"
)

// programs are the folders, under programDir, of the programs that the sandbox runs.
var programs = []string{".", "bootstrap"}

// awsxChildren are the types that awsx's Vpc registers.
var awsxChildren = []string{
	"aws:ec2/eip:Eip",
	"aws:ec2/internetGateway:InternetGateway",
	"aws:ec2/natGateway:NatGateway",
	"aws:ec2/route:Route",
	"aws:ec2/routeTable:RouteTable",
	"aws:ec2/routeTableAssociation:RouteTableAssociation",
	"aws:ec2/subnet:Subnet",
	"aws:ec2/vpc:Vpc",
	"aws:ec2/vpcEndpoint:VpcEndpoint",
}

// call is one function of the SDK that the program calls.
type call struct{ module, function string }

// programCalls finds the SDK's constructors and data sources that the programs
// under dir call, in their own packages and in those that they import from the
// same module, tests left out.
func programCalls(dir string) ([]call, error) {
	var calls []call
	seen := map[string]bool{}
	for todo := slices.Clone(programs); len(todo) > 0; todo = todo[1:] {
		folder := todo[0]
		if seen[folder] {
			continue
		}
		seen[folder] = true
		files, err := parseFolder(filepath.Join(dir, folder))
		if err != nil {
			return nil, fmt.Errorf("parse the program: %w", err)
		}
		for _, file := range files {
			calls = append(calls, fileCalls(file)...)
			todo = append(todo, ownImports(file)...)
		}
	}
	return calls, nil
}

// parseFolder parses the Go files of a folder, tests left out.
func parseFolder(folder string) ([]*ast.File, error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

// ownImports gives the folders of the program's module that a file imports.
func ownImports(file *ast.File) []string {
	var folders []string
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if folder, ok := strings.CutPrefix(path, programModule); ok && err == nil {
			folders = append(folders, folder)
		}
	}
	return folders
}

func fileCalls(file *ast.File) []call {
	modules := sdkImports(file)
	var calls []call
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if name, ok := selector.X.(*ast.Ident); ok && modules[name.Name] != "" {
			calls = append(calls, call{modules[name.Name], selector.Sel.Name})
		}
		return true
	})
	return calls
}

// sdkImports gives the SDK's modules that a file imports, by local name.
func sdkImports(file *ast.File) map[string]string {
	modules := map[string]string{}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		rest, ok := strings.CutPrefix(path, sdkPath)
		if err != nil || !ok {
			continue
		}
		module, name := "index", "aws"
		if rest = strings.TrimPrefix(rest, "/"); rest != "" {
			module, name = rest, filepath.Base(rest)
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		modules[name] = module
	}
	return modules
}

// resolve finds the resource or function that a call makes; ok is false for
// what makes none, such as an argument type.
func resolve(sdk *catalog.Catalog, made call) (token string, isFunction, ok bool) {
	if made.module == "index" && made.function == "NewProvider" {
		return providerToken, false, true
	}
	if name, found := strings.CutPrefix(made.function, "New"); found {
		token, ok = member(sdk.Resources, made.module, name)
		return token, false, ok
	}
	name := strings.TrimSuffix(made.function, "Output")
	for _, verb := range []string{"Get", "Lookup"} {
		if rest, found := strings.CutPrefix(name, verb); found {
			if token, ok = member(sdk.Functions, made.module, "get"+rest); ok {
				return token, true, true
			}
		}
	}
	return "", false, false
}

func member(members map[string]*catalog.Member, module, name string) (string, bool) {
	for token := range members {
		if strings.EqualFold(token, "aws:"+module+"/"+name+":"+name) {
			return token, true
		}
	}
	return "", false
}

// typesInUse gives the resources and functions that the program and awsx use.
func typesInUse(sdk *catalog.Catalog, calls []call) (resources, functions []string) {
	resources = slices.Clone(awsxChildren)
	for _, made := range calls {
		token, isFunction, ok := resolve(sdk, made)
		switch {
		case !ok:
		case isFunction:
			functions = append(functions, token)
		default:
			resources = append(resources, token)
		}
	}
	slices.Sort(resources)
	slices.Sort(functions)
	return slices.Compact(resources), slices.Compact(functions)
}
