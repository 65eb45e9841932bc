// Package imports migrates the legacy stack, which Terraform and Serverless deployed: it reads the Terraform state, and
// prints how Pulumi imports what can be imported, and why the rest is recreated.
package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/didomi/serverless-api/ops/command"
	"github.com/didomi/serverless-api/ops/graph"
	"github.com/didomi/serverless-api/ops/project"
)

// Run is the command.
func Run(_ context.Context, out command.IO, args []string) error {
	var states []string
	flags := command.Flags("imports")
	flags.Func("state", "Terraform state `file`; may be repeated", func(path string) error {
		states = append(states, path)
		return nil
	})
	cloudFormation := flags.String("serverless", "", "`file` with what aws cloudformation describe-stack-resources prints of the Serverless stack")
	project := project.Flag(flags)
	stack := flags.String("stack", "", "the `stack` to import into")
	file := flags.Bool("file", false, "print the file that pulumi import --file reads, components included, instead of commands")
	table := flags.Bool("table", false, "print the plan for every legacy resource, as in docs/how-to/migrate-from-terraform.md")
	deployed := flags.String("deployed", "", "`file` with what pulumi stack export prints: check that the stack has everything of the table")
	if err := command.Parse(out, flags, args); err != nil {
		return err
	}
	if *deployed != "" {
		return compare(out, *deployed)
	}
	name, err := project()
	if err != nil {
		return err
	}
	switch {
	case *table:
		_, err := io.WriteString(out.Stdout, Table(name))
		return err
	case len(states) == 0 || *stack == "":
		return command.BadUsage("set --state and --stack, or --table, or --deployed")
	}
	p, err := read(states, *cloudFormation, target{name, *stack})
	if err != nil {
		return err
	}
	if *file {
		return p.writeFile(out.Stdout)
	}
	return p.writeLines(out.Stdout)
}

// plan is the migration of the resources in the states.
type plan struct {
	target
	region  string
	imports []move
	// others are not imported, each with the reason.
	others []string
}

// move is one import.
type move struct {
	entry
	address, id string
}

// read plans the migration.
func read(states []string, cloudFormation string, to target) (plan, error) {
	p := plan{target: to}
	var resources []found
	for _, path := range states {
		more, err := readTerraform(path)
		if err != nil {
			return p, err
		}
		resources = append(resources, more...)
	}
	var err error
	if p.region, err = region(resources); err != nil {
		return p, err
	}
	p.add(terraform, resources)
	if cloudFormation == "" {
		return p, nil
	}
	more, err := readServerless(cloudFormation)
	if err != nil {
		return p, err
	}
	p.add(serverless, more)
	p.add(domainManager, readDomain(resources, to.stack))
	return p, nil
}

func (p *plan) add(entries []entry, resources []found) {
	for _, r := range resources {
		e := find(entries, r.legacy)
		switch {
		case e == nil:
			p.others = append(p.others, r.address+": not part of the legacy stack; migrate it by hand")
		case e.id == nil:
			p.others = append(p.others, r.address+": "+e.why)
		case e.id(r) == "":
			p.others = append(p.others, r.address+": its id is not in the state; migrate it by hand")
		default:
			p.imports = append(p.imports, move{*e, r.address, e.id(r)})
		}
	}
}

// writeLines prints a pulumi import for each resource, and as comments the reasons of the others.
func (p plan) writeLines(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(&text, "# %d of %d resources are imported. They are in %s: which must be the stack's aws:region.\n",
		len(p.imports), len(p.imports)+len(p.others), p.region)
	text.WriteString("# Components and provider must be in the stack's state already; for a new stack use --file, which adds them.\n")
	for _, m := range p.imports {
		fmt.Fprintf(&text, "\n# %s\npulumi import --stack %s --generate-code=false %s %s %s --parent %s --provider %s\n", m.address,
			quote(p.stack), quote(m.token()), quote(m.fullName(p.target)), quote(m.id),
			quote(m.component+"="+p.componentURN(m.component)), quote("aws="+p.providerURN()))
	}
	text.WriteString("\n# Not imported:\n")
	for _, other := range p.others {
		text.WriteString("# " + other + "\n")
	}
	_, err := io.WriteString(w, text.String())
	return err
}

// quote quotes a string for a shell.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// spec is a resource in the file that pulumi import --file reads.
type spec struct {
	Type      string `json:"type"`
	Name      string `json:"name"`
	ID        string `json:"id,omitempty"`
	Parent    string `json:"parent,omitempty"`
	Provider  string `json:"provider,omitempty"`
	Component bool   `json:"component,omitempty"`
}

// writeFile prints the imports as one file, with the provider and the components, which a new stack does not have yet;
// the next `up` completes them.
func (p plan) writeFile(w io.Writer) error {
	var components, resources []spec
	known := map[string]bool{}
	for _, m := range p.imports {
		if component := p.componentName(m.component); !known[component] {
			known[component] = true
			components = append(components, spec{Type: p.componentType(m.component), Name: component, Component: true})
		}
		resources = append(resources, spec{
			Type: m.token(), Name: m.fullName(p.target), ID: m.id, Parent: p.componentName(m.component), Provider: "aws",
		})
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(map[string]any{
		"nameTable":      map[string]string{"aws": p.providerURN()},
		"resources":      append(components, resources...),
		"providerInputs": map[string]any{"aws": map[string]string{"region": p.region}},
	})
}

// Table is the plan for every legacy resource, in Markdown.
func Table(project string) string {
	to := target{project, "<stack>"}
	var text strings.Builder
	text.WriteString("| legacy resource | here, after `urn:pulumi:<stack>::" + project + "::` | how |\n| --- | --- | --- |\n")
	for _, e := range all() {
		here, how := "-", e.why
		if e.component != "" {
			here = "`" + strings.TrimPrefix(e.urn(to), "urn:pulumi:<stack>::"+project+"::") + "`"
		}
		if e.id != nil {
			how = "**imported**"
		}
		fmt.Fprintf(&text, "| `%s` | %s | %s |\n", e.legacy, here, how)
	}
	return text.String()
}

// compare checks that a deployed stack has every resource of the table.
func compare(out command.IO, path string) error {
	source := graph.Source{State: path}
	g, err := source.Read(out.Stdin)
	if err != nil {
		return err
	}
	missing := 0
	for _, e := range all() {
		if u := e.urn(target{g.Project, g.Stack}); u != "" && g.Find(u) == nil {
			missing++
			_, _ = fmt.Fprintf(out.Stderr, "%s should become %s, which stack %s does not have\n", e.legacy, u, g.Stack)
		}
	}
	if missing > 0 {
		return command.ErrNo
	}
	return nil
}
