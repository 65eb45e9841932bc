package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestServicesThatServeTheUsedTypes(t *testing.T) {
	services := map[string]registered{
		"rds":   {resources: []string{"aws_db_proxy"}, functions: []string{"aws_db_proxy"}},
		"ec2":   {resources: []string{"aws_vpc", "aws_route"}},
		"meta":  {functions: []string{"aws_region"}},
		"sqs":   {resources: []string{"aws_sqs_queue"}},
		"elbv2": {resources: []string{"aws_lb"}},
		"twice": {resources: []string{"aws_ec2_route"}},
	}
	for _, c := range []struct {
		name  string
		used  used
		want  []string
		fails []string
	}{
		{"a resource and a data source", used{[]string{"aws:rds/proxy:Proxy"}, []string{"aws:index/getRegion:getRegion"}}, []string{"meta", "rds"}, nil},
		{"a type that the rule does not find is an error that names it",
			used{Resources: []string{"aws:lb/loadBalancer:LoadBalancer"}}, nil, []string{"aws:lb/loadBalancer:LoadBalancer", "tokens.go"}},
		{"two upstream types of one token are an error that names them",
			used{Resources: []string{"aws:ec2/route:Route"}}, nil, []string{"aws_ec2_route, aws_route", "aws:ec2/route:Route"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := servicesOf(services, c.used)
			for _, text := range c.fails {
				if err == nil || !strings.Contains(err.Error(), text) {
					t.Errorf("error %v, want %q in it", err, text)
				}
			}
			if c.fails == nil && (err != nil || !slices.Equal(got, c.want)) {
				t.Errorf("got %v, %v; want %v", got, err, c.want)
			}
		})
	}
}

func TestRegistrationsAreReadFromUpstreamsGeneratedFiles(t *testing.T) {
	upstream := t.TempDir()
	for name, content := range map[string]string{
		"internal/service/sqs/service_package_gen.go": `package sqs
func (p *servicePackage) FrameworkDataSources(ctx context.Context) []*inttypes.ServicePackageFrameworkDataSource {
	return []*inttypes.ServicePackageFrameworkDataSource{{TypeName: "aws_sqs_one", Name: "One"}}
}
func (p *servicePackage) FrameworkResources(ctx context.Context) []*inttypes.ServicePackageFrameworkResource {
	return []*inttypes.ServicePackageFrameworkResource{{Factory: f, TypeName: "aws_sqs_two", Region: unique.Make(x{TypeName: y})}}
}
func (p *servicePackage) SDKDataSources(ctx context.Context) []*inttypes.ServicePackageSDKDataSource {
	return []*inttypes.ServicePackageSDKDataSource{{TypeName: "aws_sqs_queue"}}
}
func (p *servicePackage) SDKResources(ctx context.Context) []*inttypes.ServicePackageSDKResource {
	return []*inttypes.ServicePackageSDKResource{{TypeName: "aws_sqs_queue"}}
}
func (p *servicePackage) Actions(ctx context.Context) []*inttypes.ServicePackageAction {
	return []*inttypes.ServicePackageAction{{TypeName: "aws_sqs_send"}}
}
`,
		"internal/service/smarterr.hcl":     "",
		"internal/service/helper/helper.go": "package helper\n",
	} {
		path := filepath.Join(upstream, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := readServices(upstream)
	sqs := got["sqs"]
	if err != nil || len(got) != 1 || !slices.Equal(sqs.resources, []string{"aws_sqs_two", "aws_sqs_queue"}) || !slices.Equal(sqs.functions, []string{"aws_sqs_one", "aws_sqs_queue"}) {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestAnotherListOfUsesPreparesAnotherTree(t *testing.T) {
	key := func(found ...string) string {
		t.Helper()
		key, err := treeKey(found)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	first := key()
	if key("sqs.NewQueue") == first || key() != first {
		t.Error("the key does not follow what the programs use")
	}
}
