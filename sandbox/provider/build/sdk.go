package main

import (
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/uses"
)

// sdk is the source of the pulumi-aws SDK, whose modules are parsed when they are first needed.
type sdk struct {
	dir      string
	packages map[string]*sdkPackage // by module; nil: the SDK has no such module
}

func newSDK(dir string) *sdk {
	return &sdk{dir: filepath.Join(dir, "go", "aws"), packages: map[string]*sdkPackage{}}
}

// module returns a parsed module, nil if the SDK has none of that name.
func (s *sdk) module(name string) (*sdkPackage, error) {
	if known, ok := s.packages[name]; ok {
		return known, nil
	}
	dir := name
	if name == uses.RootModule {
		dir = "."
	}
	parsed, err := parseSDKPackage(filepath.Join(s.dir, dir), path.Base(path.Join("aws", dir)))
	if errors.Is(err, fs.ErrNotExist) {
		parsed, err = nil, nil
	}
	if err != nil {
		return nil, err
	}
	s.packages[name] = parsed
	return parsed, nil
}

// used are the tokens of the types that the programs use.
type used struct {
	Resources []string `json:"resources"`
	Functions []string `json:"functions"`
}

// used returns the types of the programs' uses (see uses.Find), without uses that neither create nor look up anything, such
// as a filter.
func (s *sdk) used(found []string) (used, error) {
	var result used
	for _, use := range found {
		call, token, err := s.resolve(use)
		switch {
		case err != nil:
			return used{}, err
		case !strings.HasPrefix(token, "aws:"):
		case call == "Invoke":
			result.Functions = append(result.Functions, token)
		default:
			result.Resources = append(result.Resources, token)
		}
	}
	slices.Sort(result.Resources)
	slices.Sort(result.Functions)
	return used{slices.Compact(result.Resources), slices.Compact(result.Functions)}, nil
}

// resolve returns the SDK call of a use and its token, both empty if it has none.
func (s *sdk) resolve(use string) (call, token string, err error) {
	name, isToken := strings.CutPrefix(use, "aws:")
	name, function, _ := strings.Cut(strings.Replace(name, "/", ".", 1), ".")
	pkg, err := s.module(name)
	if err != nil || pkg == nil {
		return "", "", err
	}
	for _, declared := range pkg.functions {
		call, token := registration(declared)
		if isToken && token == use || !isToken && declared.Name.Name == strings.TrimSuffix(function, "Output") {
			return call, token, nil
		}
	}
	return "", "", nil
}
