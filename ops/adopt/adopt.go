// Package adopt renames the repository for another team: project, module, domain and what follows from them, in one
// commit. It renames later versions of the original in the same way on a branch, to be merged.
package adopt

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/didomi/serverless-api/ops/command"
)

// Branch holds the original as renamed, one commit for each version: what differs between two of its commits is
// what has changed in the original.
const Branch = "upstream"

// Run is the command.
func Run(ctx context.Context, io command.IO, args []string) error {
	flags := command.Flags("adopt")
	var to Identity
	flags.StringVar(&to.Project, "name", "", "the new Pulumi `project`")
	flags.StringVar(&to.Module, "module", "", "the new Go `module`, such as gitlab.example/acme/payments")
	flags.StringVar(&to.Domain, "domain", "", "the new parent `domain` of the stacks, such as acme.example")
	version := flags.String("update", "", "a `version` of the original to rename on the branch "+Branch+" and to merge, in place of the other flags")
	if err := command.Parse(io, flags, args); err != nil {
		return err
	}
	tree := repository{"."}
	if *version != "" {
		if to != (Identity{}) {
			return command.BadUsage("--update takes the names of the working tree: leave out the other flags")
		}
		return update(ctx, io.Stdout, tree, *version)
	}
	if err := to.check(ctx, tree); err != nil {
		return err
	}
	return adopt(ctx, io.Stdout, tree, to)
}

// adopt renames the working tree, which has no changes, and commits that.
func adopt(ctx context.Context, out io.Writer, tree repository, to Identity) error {
	if err := tree.checkClean(ctx); err != nil {
		return err
	}
	from, err := read(tree.dir)
	if err != nil {
		return err
	}
	if from == to {
		return fmt.Errorf("the project is %s already", to)
	}
	changed, err := tree.rename(ctx, from, to)
	if err == nil {
		err = tree.commit(ctx, fmt.Sprintf("Rename the project %s to %s", from.Project, to.Project))
	}
	if err == nil {
		_, err = tree.git(ctx, "branch", "--force", Branch)
	}
	if err != nil {
		_, restored := tree.git(ctx, "reset", "--quiet", "--hard")
		return errors.Join(err, restored)
	}
	left, err := tree.mentions(ctx, from)
	if err != nil {
		return err
	}
	report(out, from, to, changed, left)
	return nil
}

func report(out io.Writer, from, to Identity, changed int, left []string) {
	_, _ = fmt.Fprintf(out, "Renamed in %d files and committed:\n  project  %s -> %s\n  module   %s -> %s\n  domain   %s -> %s\n",
		changed, from.Project, to.Project, from.Module, to.Module, from.Domain, to.Domain)
	if len(left) > 0 {
		_, _ = fmt.Fprintln(out, "Still named, to be decided by you:")
		for _, path := range left {
			_, _ = fmt.Fprintln(out, "  "+path)
		}
	}
	_, _ = fmt.Fprint(out, `Left to decide:
  Pulumi.yaml, Pulumi.<stack>.yaml   region, tags (responsible, creator), alarmEmails, sizes
  bootstrap/Pulumi.main.yaml         region, GitLab's address and the project's path (docs/how-to/bootstrap-an-account.md)
  lambda/                            the application: openapi/openapi.yaml, handler/routes.go, migrate/sql (docs/how-to/adopt.md)
  README.md, CHANGELOG.md            what your project is, and its versions
Next: make up, then make test.
`)
}
