package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// What is linked is initialised before the first poll, whether it is used or not
// (docs/reference/benchmarks.md), so a client waits for it at every cold start.
func TestTheProgramLinksNothingThatOnlyOperationsNeed(t *testing.T) {
	listed, err := exec.Command("go", "list", "-deps", "-tags", "lambda.norpc", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := strings.Fields(string(listed))
	t.Run("of AWS's services it links the clients of two", func(t *testing.T) {
		const services = "github.com/aws/aws-sdk-go-v2/service/"
		var linked []string
		for _, name := range packages {
			if service, ok := strings.CutPrefix(name, services); ok && !strings.Contains(service, "/") {
				linked = append(linked, service)
			}
		}
		slices.Sort(linked)
		if want := []string{"s3", "secretsmanager"}; !slices.Equal(linked, want) {
			t.Errorf("it links %q, want %q", linked, want)
		}
	})
	for name, only := range map[string]string{
		"github.com/didomi/serverless-api/lambda/migrate": "migrations",
		"github.com/didomi/serverless-api/lambda/rotate":  "rotations",
		"github.com/aws/aws-lambda-go/lambda":             "programs whose responses are small",
		"github.com/aws/aws-sdk-go-v2/config":             "programs that look for credentials in files",
	} {
		t.Run("it does not link "+name, func(t *testing.T) {
			if slices.Contains(packages, name) {
				t.Errorf("it links %s, which only %s need", name, only)
			}
		})
	}
}
