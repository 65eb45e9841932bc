package build

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/uses"
)

// newUses describes what the programs use of the AWS provider that they did not use when it was last built. It returns ""
// if they use nothing new or the provider has never been built.
func newUses(l layout.Layout) (string, error) {
	content, err := os.ReadFile(filepath.Join(l.Build(), "terraform-provider-aws", "uses.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the uses that the AWS provider was built for: %w", err)
	}
	now, err := uses.Find(l.Repo)
	if err != nil {
		return "", err
	}
	before := strings.Fields(string(content))
	added := slices.DeleteFunc(now, func(use string) bool { return slices.Contains(before, use) })
	if len(added) == 0 {
		return "", nil
	}
	list := strings.Join(added, ", ")
	services := newModules(before, added)
	if len(services) == 0 {
		return fmt.Sprintf("the program now uses %s: generating the AWS provider's schema again, which takes seconds", list), nil
	}
	return fmt.Sprintf("the program now uses the AWS modules %s (%s): compiling the AWS provider with them takes about %d minutes on two cores",
		strings.Join(services, ", "), list, int(serviceCompile.Minutes())), nil
}

// newModules returns the SDK's modules of added that before has nothing of, sorted.
func newModules(before, added []string) []string {
	known := map[string]bool{}
	for _, use := range before {
		known[sdkModule(use)] = true
	}
	modules := map[string]bool{}
	for _, use := range added {
		if module := sdkModule(use); !known[module] {
			modules[module] = true
		}
	}
	return slices.Sorted(maps.Keys(modules))
}

// sdkModule returns the SDK's module of a use: "ec2" of "ec2.NewVpc" and of "aws:ec2/vpc:Vpc".
func sdkModule(use string) string {
	use = strings.TrimPrefix(use, "aws:")
	return use[:strings.IndexAny(use, "./")]
}
