package build

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/didomi/serverless-api/sandbox/layout"
	"github.com/didomi/serverless-api/sandbox/uses"
)

// preparedProvider is the directory of the AWS provider's prepared source.
func preparedProvider(l layout.Layout) string {
	return filepath.Join(l.Build(), "terraform-provider-aws")
}

// hasAccount reports whether there are stacks in the sandbox, as far as its files tell.
func hasAccount(l layout.Layout) bool {
	_, err := os.Stat(l.State())
	return err == nil
}

// providerUses returns what the AWS provider must serve: what the programs use and, while there are stacks, what they
// used. Resources of these stacks could not be deleted otherwise.
func providerUses(l layout.Layout) ([]string, error) {
	now, err := uses.Find(l.Repo)
	if err != nil || !hasAccount(l) {
		return now, err
	}
	return uses.Keep(now, preparedProvider(l))
}

// newUses describes what the programs use of the AWS provider that they did not use when it was last built. It returns ""
// if they use nothing new or the provider has never been built.
func newUses(l layout.Layout) (string, error) {
	before, err := uses.Read(preparedProvider(l))
	if err != nil || len(before) == 0 {
		return "", err
	}
	now, err := uses.Find(l.Repo)
	if err != nil {
		return "", err
	}
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
