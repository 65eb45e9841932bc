package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/internal/mocks"
	"github.com/didomi/serverless-api/ops/types"
)

// createdTypes are the AWS types that the stacks create, each with a resource of it.
func createdTypes(t *testing.T) map[string]mocks.Resource {
	t.Helper()
	created := map[string]mocks.Resource{}
	for _, r := range everyStack(t) {
		for _, res := range r.All() {
			if strings.HasPrefix(res.Type, "aws:") {
				created[res.Type] = res
			}
		}
	}
	return created
}

func TestEveryCreatedTypeHasARow(t *testing.T) {
	for token, res := range createdTypes(t) {
		service, _, _ := strings.Cut(strings.TrimPrefix(token, "aws:"), "/")
		row, ok := types.Find(token)
		if !ok {
			t.Errorf("%s (%s) has no row in ops/types: add one to ops/types/%s.go with Name, Replacement and Cost, and, as far as they apply, "+
				"HoldsData, KeyAtRest, Policy, PublicSwitch, Network and Label", token, res.Name, service)
			continue
		}
		for _, column := range row.Missing() {
			t.Errorf("%s (%s) has a row in ops/types without %s: fill it in", token, res.Name, column)
		}
	}
}

// The end-to-end test compares the resources of a deployed stack with AWS's schemas, which make unit cannot do.
func TestEveryCompleteRowIsMappedToAWSsSchema(t *testing.T) {
	path := filepath.Join("sandbox", "cfnschema", "mapping.py")
	mapping, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range types.All() {
		if len(row.Missing()) == 0 && !strings.Contains(string(mapping), "\n    \""+row.Token+"\": ") {
			t.Errorf("%s is in neither TYPES nor UNMAPPED in %s: add its CloudFormation type with the properties whose names differ, "+
				"or the reason why its values are not checked", row.Token, path)
		}
	}
}

func TestEveryRowIsOfACreatedType(t *testing.T) {
	created := createdTypes(t)
	for _, row := range types.All() {
		_, ok := created[row.Token]
		// The children of awsx's VPC are created by another process, which mocks do not run.
		if !ok && row.Replacement != types.ByAWSX && !types.Optional(row.Token) {
			t.Errorf("no stack creates a %s any more: remove its row from ops/types", row.Token)
		}
	}
}
