package build

import (
	"errors"
	"fmt"
	"io/fs"
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
	isNew := func(use string) bool {
		return !slices.ContainsFunc(before, func(known string) bool { return sdkModule(known) == sdkModule(use) })
	}
	if !slices.ContainsFunc(added, isNew) {
		return fmt.Sprintf("the program now uses %s: generating the AWS provider's schema again, which takes seconds", strings.Join(added, ", ")), nil
	}
	return fmt.Sprintf("the program now uses %s: compiling the AWS provider with that service, which takes about %d minutes on two cores",
		strings.Join(added, ", "), int(serviceCompile.Minutes())), nil
}

// sdkModule returns the SDK's module of a use: "ec2" of "ec2.NewVpc" and of "aws:ec2/vpc:Vpc".
func sdkModule(use string) string {
	use = strings.TrimPrefix(use, "aws:")
	return use[:strings.IndexAny(use, "./")]
}
