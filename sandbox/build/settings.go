package build

import (
	"cmp"
	"os"
	"slices"
	"strings"
)

// settings are Go's of all that is compiled here, over the environment's: no
// paths of the checkout and no cgo, as the function is built for AWS. A package
// that several programs have in common is then compiled once for all of them
// (and in the same version: see versions_test.go), which is a third of a first
// build; and a machine's C compiler makes no difference. The compiler collects
// its garbage half as often, which takes a tenth of its time off and adds half
// a gigabyte to the largest package's three and a half.
func settings() []string {
	return []string{"GOFLAGS=" + flags(), "CGO_ENABLED=0", "GOGC=" + cmp.Or(os.Getenv("GOGC"), "200")}
}

// flags are the environment's with ours.
func flags(more ...string) string {
	all := slices.DeleteFunc(strings.Fields(os.Getenv("GOFLAGS")), func(flag string) bool { return flag == "-trimpath" })
	return strings.Join(append(append(all, "-trimpath"), more...), " ")
}
