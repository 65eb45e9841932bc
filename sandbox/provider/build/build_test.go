package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// source is an upstream module in miniature.
func source(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":                           "module " + upstreamModule + "\n",
		"internal/embed.go":                "package internal\n",
		"internal/service/smarterr.hcl":    "",
		"version/version.go":               "package version\n",
		"internal/provider/framework/f.go": "package framework\n",
		servicePackagesFile: `package sdkv2
import (
	"` + upstreamModule + `/internal/conns"
	"` + upstreamModule + `/internal/service/ec2"
	"` + upstreamModule + `/internal/service/glue"
	"` + upstreamModule + `/internal/service/organizations"
	"` + upstreamModule + `/internal/service/wafv2"
)
func servicePackages() []conns.ServicePackage {
	v := []conns.ServicePackage{ec2.ServicePackage(), glue.ServicePackage(), organizations.ServicePackage(), wafv2.ServicePackage()}
	return v
}
`,
		clientsFile: `package conns
import (
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)
func (c *AWSClient) EC2Client() *ec2.Client   { return nil }
func (c *AWSClient) GlueClient() *glue.Client { return nil }
`,
		waitsFile:                          "package backoff\nimport \"time\"\nfunc After(d time.Duration) <-chan time.Time { return time.After(d) }\n",
		"internal/conns/client.go":         "package conns\nimport _ \"" + upstreamModule + "/internal/backoff\"\ntype AWSClient struct{}\ntype ServicePackage any\n",
		"internal/service/ec2/vpc.go":      "package ec2\nimport \"" + upstreamModule + "/internal/conns\"\nfunc ServicePackage(c *conns.AWSClient) { c.EC2Client() }\n",
		"internal/service/ec2/share.go":    "package ec2\nimport _ \"" + upstreamModule + "/internal/service/organizations\"\n",
		"internal/service/ec2/vpc_test.go": "package ec2\nimport _ \"" + upstreamModule + "/internal/service/glue\"\n",
		"internal/service/ec2/service_package_gen.go": `package ec2
func SDKResources() []registration { return []registration{{TypeName: "aws_vpc"}, {TypeName: "aws_wafv2_web_acl_rule"}} }
type registration struct{ TypeName string }
`,
		nestingFile: "package wafv2\nconst (\n\truleGroupRootStatementSchemaLevel = 3\n\twebACLRootStatementSchemaLevel = 3\n" +
			"\twebACLRuleStatementSchemaLevel = 3\n)\nfunc ServicePackage() any { return nil }\n",
		"internal/service/wafv2/service_package_gen.go": "package wafv2\n",
		"internal/service/wafv2/web_acl_data_source.go": `package wafv2
import (
	"fmt"
	tfcloudfront "` + upstreamModule + `/internal/service/cloudfront"
)
func findWebACLByCloudFrontDistributionARN() (*int, error) {
	if err := tfcloudfront.Find(); err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	return nil, nil
}
`,
		"internal/service/cloudfront/service_package_gen.go": "package cloudfront\n",
		"internal/service/cloudfront/find.go":                "package cloudfront\nfunc Find() error { return nil }\nfunc ServicePackage() any { return nil }\n",
		"internal/service/ec2/vpc_ipam_organization_admin_account.go": `package ec2
import (
	"github.com/hashicorp/terraform-plugin-sdk/v2/diag"
	tforganizations "` + upstreamModule + `/internal/service/organizations"
)
func resourceIPAMOrganizationAdminAccountRead() diag.Diagnostics { return diag.FromErr(tforganizations.Find()) }
`,
		"internal/service/organizations/service_package_gen.go": `package organizations
func ServicePackage() any { return nil }
func SDKResources() []registration { return []registration{{TypeName: "aws_organizations_account"}} }
type registration struct{ TypeName string }
`,
		"internal/service/glue/job.go": "package glue\nfunc ServicePackage() any { return nil }\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestReduce(t *testing.T) {
	tree := t.TempDir()
	if err := reduce(source(t), tree, []string{"ec2", "wafv2"}); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, file, has, lacks string }{
		{"a service that is kept is registered", servicePackagesFile, "ec2.ServicePackage()", "glue"},
		{"a service that a kept one imports is registered for its client", servicePackagesFile, "organizations.ServicePackage()", "glue"},
		{"and without its types", "internal/service/organizations/service_package_gen.go", "SDKResources", "aws_organizations_account"},
		{"only clients that are called stay", clientsFile, "EC2Client", "Glue"},
		{"a left-out resource is not registered", "internal/service/ec2/service_package_gen.go", "aws_vpc", "web_acl_rule"},
		{"statements of a web ACL nest two deep", nestingFile, "webACLRootStatementSchemaLevel    = 2", "webACLRootStatementSchemaLevel    = 3"},
		{"waits are a twentieth", waitsFile, "time.After(d / 20)", "time.After(d)"},
		{"a call of a service that no program uses is an error", "internal/service/wafv2/web_acl_data_source.go",
			`return nil, fmt.Errorf("the sandbox's AWS provider is built without the service cloudfront, which no program uses")`, "tfcloudfront"},
		{"diagnostics are one too", "internal/service/ec2/vpc_ipam_organization_admin_account.go", `return diag.Errorf("`, "tforganizations"},
		{"the levels of what is left out stay", nestingFile, "webACLRuleStatementSchemaLevel    = 3", "webACLRuleStatementSchemaLevel    = 2"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			content, err := os.ReadFile(filepath.Join(tree, test.file))
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(content), test.has) || strings.Contains(string(content), test.lacks) {
				t.Errorf("want %q and not %q in:\n%s", test.has, test.lacks, content)
			}
		})
	}
	for _, gone := range []string{"internal/service/glue", "internal/service/cloudfront", "internal/service/ec2/vpc_test.go"} {
		t.Run(gone+" is not copied", func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(tree, gone)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("want it gone, got %v", err)
			}
		})
	}
	t.Run("a service that is called and used is copied", func(t *testing.T) {
		tree := t.TempDir()
		if err := reduce(source(t), tree, []string{"cloudfront", "ec2", "wafv2"}); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(tree, "internal/service/wafv2/web_acl_data_source.go"))
		if err != nil || !strings.Contains(string(content), "tfcloudfront.Find()") {
			t.Errorf("want the call of cloudfront, got %s, %v", content, err)
		}
	})
	t.Run("an upstream that waits elsewhere is refused", func(t *testing.T) {
		dir := source(t)
		if err := os.WriteFile(filepath.Join(dir, waitsFile), []byte("package backoff\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		err := reduce(dir, t.TempDir(), []string{"ec2"})
		if err == nil || !strings.Contains(err.Error(), waitsFile) {
			t.Errorf("want an error that names %s, got %v", waitsFile, err)
		}
	})
}

func TestCompile(t *testing.T) {
	provider := t.TempDir()
	for name, content := range map[string]string{
		"go.mod":  "module test/plugin\n",
		"main.go": "package main\n\nimport \"os\"\n\nfunc main() {\n\tif err := os.Mkdir(os.Args[len(os.Args)-1], 0o700); err != nil {\n\t\tpanic(err)\n\t}\n}\n",
	} {
		if err := os.WriteFile(filepath.Join(provider, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "plugin")
	for _, c := range []struct{ name, lost string }{
		{"the plugin and its data are made", ""},
		{"a plugin that was deleted is made again", out},
		{"data that were deleted are made again", out + ".data"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := os.RemoveAll(c.lost); err != nil {
				t.Fatal(err)
			}
			if err := compile(provider, t.TempDir(), out); err != nil {
				t.Fatal(err)
			}
			for _, path := range []string{out, out + ".data"} {
				if _, err := os.Stat(path); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestInstall(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "tree")
	write := func(content string) func(string) error {
		return func(tree string) error {
			return os.WriteFile(filepath.Join(tree, "file"), []byte(content), 0o644)
		}
	}
	if err := install(dir, "one", write("first")); err != nil {
		t.Fatal(err)
	}
	t.Run("a failed build leaves the tree that was there", func(t *testing.T) {
		failed := errors.New("broken")
		if err := install(dir, "two", func(string) error { return failed }); !errors.Is(err, failed) {
			t.Fatalf("want the failure, got %v", err)
		}
		if !hasKey(filepath.Join(dir, stampFile), "one") {
			t.Error("want the first tree to be whole still")
		}
	})
	t.Run("what a killed run left is replaced", func(t *testing.T) {
		if err := os.MkdirAll(filepath.Join(dir+".new", "half"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := install(dir, "two", write("second")); err != nil {
			t.Fatal(err)
		}
		content, err := os.ReadFile(filepath.Join(dir, "file"))
		if err != nil || string(content) != "second" || !hasKey(filepath.Join(dir, stampFile), "two") {
			t.Errorf("want the second tree, got %q, %v", content, err)
		}
		if _, err := os.Stat(filepath.Join(dir, "half")); err == nil {
			t.Error("the killed run's half tree was taken over")
		}
	})
}
