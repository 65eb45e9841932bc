package main

import (
	"path"
	"slices"
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
	closure := newClosure(source)
	if err := cutCalls(source, services, closure.replace); err != nil {
		return err
	}
	imported, err := importedServices(source, services, closure.replace)
	if err != nil {
		return err
	}
	if closure.replace[servicePackagesFile], err = cutServicePackages(source, slices.Concat(services, imported)); err != nil {
		return err
	}
	if err := leaveOut(source, services, imported, closure.replace); err != nil {
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

// leaveOut puts into replace the registrations of services without the types of leftout.txt, and those of the imported
// services, which are registered for their clients, without any type.
func leaveOut(source string, services, imported []string, replace map[string][]byte) error {
	unserved, err := readLines("leftout.txt")
	if err != nil {
		return err
	}
	for _, service := range slices.Concat(services, imported) {
		registered, err := readRegistrations(source, service)
		if err != nil {
			return err
		}
		types := slices.Concat(registered.resources, registered.functions)
		if !slices.Contains(imported, service) {
			types = slices.DeleteFunc(types, func(name string) bool { return !slices.Contains(unserved, name) })
		}
		if len(types) == 0 {
			continue
		}
		file := path.Join(servicesDir, service, registrationsFile)
		if replace[file], err = cutRegistrations(source, file, types); err != nil {
			return err
		}
	}
	return nil
}

// packageDir returns the directory of one of upstream's packages, false for any other import path.
func packageDir(importPath string) (string, bool) {
	dir, found := strings.CutPrefix(importPath, upstreamModule+"/")
	return path.Clean(dir), found
}
