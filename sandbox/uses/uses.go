// Package uses finds in the source which AWS types the programs create and look up: the sandbox's AWS provider serves
// those.
package uses

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

const (
	repoModule = "github.com/didomi/serverless-api/"
	sdkPath    = "github.com/pulumi/pulumi-aws/sdk/v6/go/aws"
	// RootModule is the name of the SDK's package aws itself in what Find returns, as in the SDK's tokens.
	RootModule = "index"
)

// programs are the directories, relative to the repository, of what registers AWS types: the two Pulumi programs and
// the awsx provider, whose Vpc has children of its own.
var programs = []string{".", "bootstrap", "sandbox/awsx"}

// Find lists what the programs of a repository use of the AWS provider, sorted: constructors and lookups of the
// pulumi-aws SDK, such as "rds.NewProxy" and "index.GetRegion", and tokens, such as "aws:ec2/vpc:Vpc". It reads the
// programs' packages and those that they import from this repository, without tests.
func Find(repo string) ([]string, error) {
	found := map[string]bool{}
	seen := map[string]bool{}
	for todo := slices.Clone(programs); len(todo) > 0; todo = todo[1:] {
		if seen[todo[0]] {
			continue
		}
		seen[todo[0]] = true
		files, err := parsePackage(filepath.Join(repo, todo[0]))
		if err != nil {
			return nil, fmt.Errorf("find the AWS types that the program uses: %w", err)
		}
		for _, file := range files {
			addUses(found, file)
			todo = append(todo, repoImports(file)...)
		}
	}
	return slices.Sorted(maps.Keys(found)), nil
}

// parsePackage parses the Go files of a directory, without tests.
func parsePackage(dir string) ([]*ast.File, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
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

// repoImports returns the directories of this repository that a file imports.
func repoImports(file *ast.File) []string {
	var dirs []string
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if dir, ok := strings.CutPrefix(path, repoModule); ok && err == nil {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// awsToken matches the token of a type, such as "aws:ec2/vpc:Vpc".
var awsToken = regexp.MustCompile(`^aws:[a-z0-9]+/[A-Za-z0-9]+:[A-Za-z0-9]+$`)

func addUses(found map[string]bool, file *ast.File) {
	modules := sdkImports(file)
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.SelectorExpr:
			if name, ok := node.X.(*ast.Ident); ok && modules[name.Name] != "" && isConstructorOrLookup(node.Sel.Name) {
				found[modules[name.Name]+"."+node.Sel.Name] = true
			}
		case *ast.BasicLit:
			if text, err := strconv.Unquote(node.Value); err == nil && awsToken.MatchString(text) {
				found[text] = true
			}
		}
		return true
	})
}

// isConstructorOrLookup leaves out arguments, enumerations and other types of the SDK.
func isConstructorOrLookup(name string) bool {
	isVerb := func(verb string) bool { return strings.HasPrefix(name, verb) }
	return slices.ContainsFunc([]string{"New", "Get", "Lookup"}, isVerb) && !strings.HasSuffix(name, "Args")
}

// sdkImports returns the SDK's modules that a file imports, by their name in the file.
func sdkImports(file *ast.File) map[string]string {
	modules := map[string]string{}
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		rest, ok := strings.CutPrefix(path, sdkPath)
		if err != nil || !ok {
			continue
		}
		name := filepath.Base(path)
		if spec.Name != nil {
			name = spec.Name.Name
		}
		modules[name] = cmp.Or(strings.TrimPrefix(rest, "/"), RootModule)
	}
	return modules
}
