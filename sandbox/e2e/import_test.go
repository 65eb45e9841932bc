package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// checkImport imports an existing stack's resources into an empty stack, with the file that ops prints for a Terraform
// state, and previews it: the imported resources keep their names, and none is replaced. The account is only read.
func checkImport(t *testing.T, out outputs) {
	t.Helper()
	ids := deployedIDs(t, out)
	dir := t.TempDir()
	tfstate := filepath.Join(dir, "terraform.tfstate")
	writeJSON(t, tfstate, terraformState(out, ids))
	stack := filepath.Join(dir, "serverless.json")
	writeJSON(t, stack, map[string]any{"StackResources": []any{map[string]any{"LogicalResourceId": "ApiGatewayRestApi"}}})
	file := filepath.Join(dir, "import.json")
	writeFile(t, file, []byte(ops(t, "imports", "--state", tfstate, "--serverless", stack, "--stack", out.Stack, "--file")))

	// Another backend can contain another stack with the same name.
	empty := out
	empty.Env = maps.Clone(out.Env)
	empty.Env["PULUMI_BACKEND_URL"], empty.Env["PULUMI_CONFIG_PASSPHRASE"] = "file://"+dir, "no secret is kept"
	project, err := os.ReadFile(filepath.Join(repository(t), "Pulumi.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "Pulumi.yaml"), project)
	for _, args := range [][]string{
		{"stack", "init", out.Stack, "--secrets-provider", "passphrase"},
		{"import", "--stack", out.Stack, "--file", file, "--generate-code=false", "--skip-preview", "--yes"},
	} {
		if stdout, stderr, code := pulumi(t, empty, dir, args...); code != 0 {
			t.Fatalf("pulumi %s: exit %d\n%s%s", args[0], code, stdout, stderr)
		}
	}
	settings := filepath.Join(dir, "settings.yaml")
	writeFile(t, settings, editedConfig(t, out, edit{key: "dns.zoneId", value: zoneOf(ids)}))
	config := ownSecrets(t, settings, filepath.Join(dir, "Pulumi."+out.Stack+".yaml"))
	preview, stderr, code := pulumi(t, empty, repository(t), "preview", "--stack", out.Stack, "--config-file", config, "--json", "--show-sames")
	if code != 0 {
		t.Fatalf("preview after the import: exit %d\n%s%s", code, preview, stderr)
	}
	checkKept(t, preview, out.Stack, ids)
}

// ownSecrets writes the configuration of one stack file with the secrets provider of another and returns its path.
func ownSecrets(t *testing.T, configured, initialized string) string {
	t.Helper()
	file := map[string]any{}
	for _, path := range []string{configured, initialized} {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		delete(file, "secretsprovider")
		delete(file, "encryptedkey")
		if err := yaml.Unmarshal(content, &file); err != nil {
			t.Fatal(err)
		}
	}
	content, err := yaml.Marshal(file)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "stack.yaml")
	writeFile(t, path, content)
	return path
}

// moved are the types and names, without project and stack, of the imported resources.
var moved = []string{
	"aws:iam/user:User::iam-ci",
	"aws:s3/bucketV2:BucketV2::data-files",
	"aws:apigateway/domainName:DomainName::api-domain",
	"aws:apigateway/basePathMapping:BasePathMapping::api-domain-stage",
	"aws:route53/record:Record::api-domain-record",
}

// short is the key of a resource in moved, or "".
func short(stack, urn string) string {
	for _, m := range moved {
		token, name, _ := strings.Cut(m, "::")
		if strings.HasSuffix(urn, token+"::didomi-"+stack+"-"+name) {
			return m
		}
	}
	return ""
}

// deployedIDs returns the IDs of the resources to import, from the stack that contains them.
func deployedIDs(t *testing.T, out outputs) map[string]string {
	t.Helper()
	content, err := os.ReadFile(exportState(t, out))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		Deployment struct{ Resources []struct{ URN, ID string } }
	}
	if err := json.Unmarshal(content, &state); err != nil {
		t.Fatal(err)
	}
	ids := map[string]string{}
	for _, r := range state.Deployment.Resources {
		if name := short(out.Stack, r.URN); name != "" {
			ids[name] = r.ID
		}
	}
	if len(ids) != len(moved) {
		t.Fatalf("stack %s has only %v of %v", out.Stack, ids, moved)
	}
	return ids
}

// terraformState returns the imported part of the legacy stack's state, with these IDs.
func terraformState(out outputs, ids map[string]string) map[string]any {
	resource := func(module, token, name string, attributes map[string]any) any {
		return map[string]any{
			"module": module, "mode": "managed", "type": token, "name": name,
			"instances": []any{map[string]any{"attributes": attributes}},
		}
	}
	domain := strings.TrimPrefix(ids["aws:apigateway/domainName:DomainName::api-domain"], out.Stack+".")
	user, bucket := ids[moved[0]], ids[moved[1]]
	return map[string]any{"version": 4, "resources": []any{
		resource("module.iam", "aws_iam_user", "cicd", map[string]any{"name": user}),
		resource("module.dns_with_certificate", "aws_route53_zone", "this", map[string]any{"zone_id": zoneOf(ids), "name": domain}),
		resource("module.dns_with_certificate", "aws_acm_certificate", "this", map[string]any{"arn": "arn:aws:acm:" + out.Region + ":000000000000:certificate/old"}),
		resource("module.storage.module.s3_large_files", "aws_s3_bucket", "s3", map[string]any{"bucket": bucket}),
	}}
}

// zoneOf returns the zone of the API's record, with which the record's ID begins.
func zoneOf(ids map[string]string) string {
	zone, _, _ := strings.Cut(ids["aws:route53/record:Record::api-domain-record"], "_")
	return zone
}

// checkKept checks that a preview keeps all imported resources.
func checkKept(t *testing.T, preview, stack string, ids map[string]string) {
	t.Helper()
	var plan struct {
		Steps []struct {
			Op, URN        string
			ReplaceReasons []string
			OldState       *struct{ ID string }
		}
	}
	if err := json.Unmarshal([]byte(preview), &plan); err != nil {
		t.Fatalf("%v in %.300q", err, preview)
	}
	kept := 0
	for _, s := range plan.Steps {
		name := short(stack, s.URN)
		switch {
		case strings.Contains(s.Op, "replace"), strings.Contains(s.Op, "delete"):
			t.Errorf("%s: %s because of %v", s.URN, s.Op, s.ReplaceReasons)
		case name == "", s.Op == "refresh": // which precedes the steps of the program
		case s.Op != "same" && s.Op != "update", s.OldState == nil, s.OldState.ID != ids[name]:
			t.Errorf("%s: %s, want it to stay what was imported", s.URN, s.Op)
		default:
			kept++
		}
	}
	if kept != len(moved) {
		t.Errorf("%d of %d imported resources are kept", kept, len(moved))
	}
}

func writeJSON(t *testing.T, path string, v any) {
	t.Helper()
	content, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, path, content)
}
