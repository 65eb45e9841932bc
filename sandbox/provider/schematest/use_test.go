package schematest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
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
)

// rooms are the folders of the program; main.go is beside them.
var rooms = []string{"network", "data", "api", "iam", "dns", "internal"}

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

// programCalls finds the SDK's constructors and data sources that the Go files
// of the program call, tests left out.
func programCalls(dir string) ([]call, error) {
	files := []string{filepath.Join(dir, "main.go")}
	for _, room := range rooms {
		err := filepath.WalkDir(filepath.Join(dir, room), func(path string, entry fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				files = append(files, path)
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("find the program's files: %w", err)
		}
	}
	var calls []call
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, fmt.Errorf("parse the program: %w", err)
		}
		calls = append(calls, fileCalls(parsed)...)
	}
	return calls, nil
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
