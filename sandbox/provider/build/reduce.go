package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// The two generated files that tie every service into one provider.
const (
	servicePackagesFile = "internal/provider/sdkv2/service_packages_gen.go"
	clientsFile         = "internal/conns/awsclient_gen.go"
)

// roots are the packages that the sandbox's provider imports.
var roots = []string{"internal", "internal/provider/sdkv2", "internal/provider/framework", "version"}

// reduce copies what roots and services reach from source to tree.
func reduce(source, tree string, services []string) error {
	imported, err := importedServices(source, services)
	if err != nil {
		return err
	}
	packages, err := cutServicePackages(source, slices.Concat(services, imported))
	if err != nil {
		return err
	}
	closure := newClosure(source)
	closure.replace[servicePackagesFile] = packages
	if err := leaveOut(source, services, closure.replace); err != nil {
		return err
	}
	if err := leaveOutTypes(source, imported, closure.replace); err != nil {
		return err
	}
	if slices.Contains(services, "wafv2") {
		if closure.replace[nestingFile], err = cutNesting(source); err != nil {
			return err
		}
	}
	if closure.replace[waitsFile], err = cutWaits(source); err != nil {
		return err
	}
	closure.replace[clientsFile] = nil
	if err := closure.addAll(roots); err != nil {
		return err
	}
	clients, err := cutClients(source, closure.calls)
	if err != nil {
		return err
	}
	closure.replace[clientsFile] = clients
	if err := closure.scan(clientsFile, clients); err != nil {
		return err
	}
	if err := closure.copyTo(tree); err != nil {
		return err
	}
	return closure.copyFile("go.mod", tree)
}

// leaveOut puts the registrations of services without the resources of
// leftout.txt into replace.
func leaveOut(source string, services []string, replace map[string][]byte) error {
	types, err := readLines("leftout.txt")
	if err != nil {
		return err
	}
	for _, service := range services {
		file := path.Join("internal/service", service, registrationsFile)
		content, err := os.ReadFile(filepath.Join(source, file))
		if err != nil {
			return fmt.Errorf("read upstream's %s: %w", file, err)
		}
		registers := func(name string) bool { return strings.Contains(string(content), strconv.Quote(name)) }
		if !slices.ContainsFunc(types, registers) {
			continue
		}
		if replace[file], err = cutRegistrations(source, file, types); err != nil {
			return err
		}
	}
	return nil
}

// leaveOutTypes puts the registrations of services without any type into replace.
func leaveOutTypes(source string, services []string, replace map[string][]byte) error {
	for _, service := range services {
		file := path.Join("internal/service", service, registrationsFile)
		content, err := os.ReadFile(filepath.Join(source, file))
		if err != nil {
			return fmt.Errorf("read upstream's %s: %w", file, err)
		}
		types, err := parseRegistrations(content)
		if err != nil {
			return fmt.Errorf("parse upstream's %s: %w", file, err)
		}
		if replace[file], err = cutRegistrations(source, file, slices.Concat(types.resources, types.functions)); err != nil {
			return err
		}
	}
	return nil
}

// packageDir gives the folder of one of upstream's packages, false for any
// other import path.
func packageDir(importPath string) (string, bool) {
	dir, found := strings.CutPrefix(importPath, upstreamModule+"/")
	return path.Clean(dir), found
}
