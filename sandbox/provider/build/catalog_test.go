package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lambdaSDK is a pulumi-aws SDK with one module.
func lambdaSDK(t *testing.T) *sdk {
	t.Helper()
	const code = `package lambda
func NewFunction(ctx *pulumi.Context, args *FunctionArgs) {
	opts = append(opts, pulumi.AdditionalSecretOutputs([]string{"password"}))
	ctx.RegisterResource("aws:lambda/function:Function", name, args, &resource, opts...)
}
func GetFunction(ctx *pulumi.Context, name string) {
	ctx.ReadResource("aws:lambda/function:Function", name, id, state, &resource, opts...)
}
func LookupAlias(ctx *pulumi.Context, args *LookupAliasArgs) (*LookupAliasResult, error) {
	return nil, ctx.Invoke("aws:lambda/getAlias:getAlias", args, &rv)
}
type Runtime string
type Function struct {
	pulumi.CustomResourceState
	Arn pulumi.StringOutput ` + "`pulumi:\"arn\"`" + `
}
type functionArgs struct {
	Code    pulumi.Archive ` + "`pulumi:\"code\"`" + `
	Layers  []string ` + "`pulumi:\"layers\"`" + `
	Runtime *Runtime ` + "`pulumi:\"runtime\"`" + `
	Vpc     *FunctionVpc ` + "`pulumi:\"vpc\"`" + `
}
type functionState struct { Arn *string ` + "`pulumi:\"arn\"`" + ` }
type FunctionVpc struct { Ids map[string]int ` + "`pulumi:\"ids\"`" + ` }
type LookupAliasArgs struct { Name string ` + "`pulumi:\"name\"`" + ` }
type LookupAliasResult struct { Weight float64 ` + "`pulumi:\"weight\"`" + ` }
`
	root := t.TempDir()
	dir := filepath.Join(root, "go", "aws", "lambda")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "function.go"), []byte(code), 0o644); err != nil {
		t.Fatal(err)
	}
	return newSDK(root)
}

func TestCatalog(t *testing.T) {
	found, err := newCatalog(lambdaSDK(t), registered{
		resources: []string{"aws_lambda_function", "aws_lambda_newer"}, functions: []string{"aws_lambda_alias"},
	}, used{})
	if err != nil {
		t.Fatal(err)
	}
	function, alias := found.Resources["aws:lambda/function:Function"], found.Functions["aws:lambda/getAlias:getAlias"]
	if function == nil || alias == nil {
		t.Fatalf("want the resource and the function, got %v and %v", found.Resources, found.Functions)
	}
	tests := []struct{ name, got, want string }{
		{"an archive", function.Inputs["code"], "archive"},
		{"a list", function.Inputs["layers"], "[]string"},
		{"an enumeration", function.Inputs["runtime"], "string"},
		{"an object", function.Inputs["vpc"], "@lambda.FunctionVpc"},
		{"a map in an object", found.Types["lambda.FunctionVpc"]["ids"], "{}int"},
		{"an output", function.Outputs["arn"], "string"},
		{"a secret output", strings.Join(function.Secrets, " "), "password"},
		{"a function's input", alias.Inputs["name"], "string"},
		{"a function's result", alias.Outputs["weight"], "float"},
		{"a resource's token", found.ResourceTokens["aws_lambda_function"], "aws:lambda/function:Function"},
		{"a function's token", found.FunctionTokens["aws_lambda_alias"], "aws:lambda/getAlias:getAlias"},
		{"that the SDK lacks a type", found.ResourceTokens["aws_lambda_newer"], ""},
	}
	for _, test := range tests {
		t.Run(test.name+" is read", func(t *testing.T) {
			if test.got != test.want {
				t.Errorf("want %q, got %q", test.want, test.got)
			}
		})
	}
}

func TestUsesAreResolvedToTheTypesThatTheyAreAbout(t *testing.T) {
	const function, alias = "aws:lambda/function:Function", "aws:lambda/getAlias:getAlias"
	for use, want := range map[string]used{
		"lambda.NewFunction":       {Resources: []string{function}},
		"lambda.GetFunction":       {Resources: []string{function}},
		"lambda.LookupAlias":       {Functions: []string{alias}},
		"lambda.LookupAliasOutput": {Functions: []string{alias}},
		function:                   {Resources: []string{function}},
		alias:                      {Functions: []string{alias}},
		"lambda.GetAliasFilter":    {},
		"newer.NewThing":           {},
	} {
		t.Run(use, func(t *testing.T) {
			got, err := lambdaSDK(t).used([]string{use, use})
			if err != nil || !slices.Equal(got.Resources, want.Resources) || !slices.Equal(got.Functions, want.Functions) {
				t.Errorf("got %v, %v; want %v", got, err, want)
			}
		})
	}
}
