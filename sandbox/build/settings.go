package build

import (
	"cmp"
	"os"
	"slices"
	"strings"
)

// settings returns Go's environment variables for everything that is compiled here: no paths of the checkout and no cgo,
// as for the function on AWS. A package that several programs share is then compiled once (in the same version: see
// versions_test.go), which saves a third of a first build, and the machine's C compiler has no effect. GOGC=200 reduces
// the compiler's time by 10 % and adds 0.5 GB to the 3.5 GB of the largest package.
func settings() []string {
	return []string{"GOFLAGS=" + goFlags(), "CGO_ENABLED=0", "GOGC=" + cmp.Or(os.Getenv("GOGC"), "200")}
}

// goFlags returns the environment's GOFLAGS with -trimpath and more.
func goFlags(more ...string) string {
	all := slices.DeleteFunc(strings.Fields(os.Getenv("GOFLAGS")), func(flag string) bool { return flag == "-trimpath" })
	return strings.Join(append(append(all, "-trimpath"), more...), " ")
}
