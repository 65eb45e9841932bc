package dev

import (
	"context"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// changes is what must be done for saved files.
type changes struct {
	function   bool // build the function and swap it
	operations bool // build the functions of operations and swap them
	migrations bool // run the migration
	program    bool // preview the program
}

func (c changes) or(d changes) changes {
	return changes{c.function || d.function, c.operations || d.operations, c.migrations || d.migrations, c.program || d.program}
}

// packages are the directories of the packages that a command is built from, relative to the repository.
type packages map[string]bool

// imports says which command imports which directory.
type imports struct {
	function, operations, program packages
}

// readImports lists the packages of the three commands. A package that does not compile is listed all the same.
func readImports(ctx context.Context, repo string) imports {
	return imports{
		function: dependencies(ctx, repo, "./lambda"), operations: dependencies(ctx, repo, "./lambda/operations"),
		program: dependencies(ctx, repo, "."),
	}
}

// dependencies returns nil if go cannot list them, such as with a broken go.mod.
func dependencies(ctx context.Context, repo, command string) packages {
	list := exec.CommandContext(ctx, "go", "list", "-e", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", command)
	list.Dir = repo
	out, err := list.Output()
	if err != nil {
		return nil
	}
	found := packages{}
	for _, line := range strings.Split(string(out), "\n") {
		if rel, err := filepath.Rel(repo, line); err == nil && line != "" && filepath.IsLocal(rel) {
			found[filepath.ToSlash(rel)] = true
		}
	}
	return found
}

// of returns what the saved files require. A file in a directory that no command imports, such as a new one, counts for
// the command that would: those of lambda for the functions, others for the program.
func (i imports) of(saved []string) changes {
	var all changes
	for _, file := range saved {
		all = all.or(i.ofFile(file))
	}
	return all
}

func (i imports) ofFile(file string) changes {
	switch {
	case file == "go.mod" || file == "go.sum":
		return changes{function: true, operations: true, program: true}
	case path.Ext(file) == ".sql":
		return changes{operations: true, migrations: true}
	case path.Ext(file) == ".yaml":
		return changes{program: true} // stack files, and the API's definition, which no function reads
	}
	dir := path.Dir(file)
	c := changes{function: i.function[dir], operations: i.operations[dir], program: i.program[dir]}
	if c == (changes{}) {
		isFunction := dir == "lambda" || strings.HasPrefix(dir, "lambda/")
		return changes{function: isFunction, operations: isFunction, program: !isFunction}
	}
	return c
}
