package imports

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/didomi/serverless-api/ops/command"
)

// sample are states of the legacy stack, written from its description.
var sample = []string{
	"--state", "testdata/base.tfstate", "--state", "testdata/live.tfstate", "--serverless", "testdata/serverless.json",
}

func runImports(args ...string) (stdout, stderr string, err error) {
	var o, e bytes.Buffer
	args = append([]string{"--project", "didomi"}, args...)
	err = Run(context.Background(), command.IO{Stdin: strings.NewReader(""), Stdout: &o, Stderr: &e}, args)
	return o.String(), e.String(), err
}

func TestEveryImportIsOneLineWithTypeNameIDParentAndProvider(t *testing.T) {
	printed, _, err := runImports(append(sample, "--stack", "dev")...)
	if err != nil {
		t.Fatal(err)
	}
	line := func(token, name, id, component, typeName string) string {
		return "pulumi import --stack 'dev' --generate-code=false '" + token + "' 'didomi-dev-" + name + "' '" + id +
			"' --parent '" + component + "=urn:pulumi:dev::didomi::didomi:" + component + ":" + typeName + "::didomi-dev-" + component +
			"' --provider 'aws=urn:pulumi:dev::didomi::pulumi:providers:aws::aws'"
	}
	want := []string{
		line("aws:iam/user:User", "iam-ci", "didomi-challenge-dev-gitlab-cicd", "iam", "IAM"),
		line("aws:s3/bucketV2:BucketV2", "data-files", "didomi-challenge-dev-large-files-bucket", "data", "Data"),
		line("aws:apigateway/domainName:DomainName", "api-domain", "dev.example.com", "api", "API"),
		line("aws:apigateway/basePathMapping:BasePathMapping", "api-domain-stage", "dev.example.com/", "api", "API"),
		line("aws:route53/record:Record", "api-domain-record", "Z0EXAMPLE_dev.example.com_A", "api", "API"),
	}
	var got []string
	for _, l := range strings.Split(printed, "\n") {
		if strings.HasPrefix(l, "pulumi ") {
			got = append(got, l)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if !strings.HasPrefix(printed, "# 5 of 58 resources are imported. They are in us-east-1:") {
		t.Errorf("it begins with %q", strings.SplitN(printed, "\n", 2)[0])
	}
	if strings.Contains(printed, "MUST-NOT-BE-PRINTED") {
		t.Error("a secret of the state is printed")
	}
}

func TestWhatIsNotImportedHasAReason(t *testing.T) {
	printed, _, err := runImports(append(sample, "--stack", "dev")...)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"the old engine mode": "# module.storage.module.rds_proxy.aws_rds_cluster.rds: recreated: Serverless v1",
		"an index by number":  "# module.networking.module.vpc.aws_subnet.private[2]: recreated",
		"an index by name":    `# module.dns_with_certificate.aws_route53_record.this["example.com"]: recreated`,
		"a hashed logical id": "# ApiLambdaVersionx0Yz1Abc: recreated",
		"the access key":      "# module.iam.aws_iam_access_key.cicd: not imported: its secret cannot be read again",
		"the state's bucket":  "# module.s3_remote_state.aws_s3_bucket.state: stays Terraform's",
	} {
		t.Run(name, func(t *testing.T) {
			if !strings.Contains(printed, want) {
				t.Errorf("%q is not in\n%s", want, printed)
			}
		})
	}
}

func TestEveryLegacyResourceHasAnEntryAndEveryEntryIsOfOne(t *testing.T) {
	p, err := read([]string{"testdata/base.tfstate", "testdata/live.tfstate"}, "testdata/serverless.json", target{"didomi", "dev"})
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range p.others {
		if strings.Contains(other, "migrate it by hand") {
			t.Error(other)
		}
	}
	var seen []found
	for _, path := range []string{"testdata/base.tfstate", "testdata/live.tfstate"} {
		more, err := readTerraform(path)
		if err != nil {
			t.Fatal(err)
		}
		seen = append(seen, more...)
	}
	more, err := readServerless("testdata/serverless.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range append(append([]entry{}, terraform...), serverless...) {
		if !slices.ContainsFunc(append(seen, more...), func(f found) bool { return find([]entry{e}, f.legacy) != nil }) {
			t.Errorf("%s is in no state", e.legacy)
		}
		if (e.id == nil) == (e.why == "") {
			t.Errorf("%s should have either an id or a reason", e.legacy)
		}
	}
}

func TestTheFileAddsComponentsAndProviderToANewStack(t *testing.T) {
	printed, _, err := runImports("--state", "testdata/live.tfstate", "--stack", "dev", "--file")
	if err != nil {
		t.Fatal(err)
	}
	var got any
	if err := json.Unmarshal([]byte(printed), &got); err != nil {
		t.Fatal(err)
	}
	type m = map[string]any
	component := func(token, name string) any {
		return m{"type": token, "name": "didomi-dev-" + name, "component": true}
	}
	resource := func(token, name, id, parent string) any {
		return m{"type": token, "name": "didomi-dev-" + name, "id": id, "parent": "didomi-dev-" + parent, "provider": "aws"}
	}
	want := m{
		"nameTable":      m{"aws": "urn:pulumi:dev::didomi::pulumi:providers:aws::aws"},
		"providerInputs": m{"aws": m{"region": "us-east-1"}},
		"resources": []any{
			component("didomi:iam:IAM", "iam"), component("didomi:data:Data", "data"),
			resource("aws:iam/user:User", "iam-ci", "didomi-challenge-dev-gitlab-cicd", "iam"),
			resource("aws:s3/bucketV2:BucketV2", "data-files", "didomi-challenge-dev-large-files-bucket", "data"),
		},
	}
	if !reflect.DeepEqual(got, any(want)) {
		t.Errorf("got %s", printed)
	}
}

func TestUnreadableFilesAreRejected(t *testing.T) {
	write := func(content string) string {
		path := filepath.Join(t.TempDir(), "state")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	two := `{"version":4,"resources":[{"mode":"managed","type":"aws_vpc","name":"a","instances":[
		{"attributes":{"arn":"arn:aws:ec2:eu-west-1:1:vpc/a"}},{"attributes":{"arn":"arn:aws:ec2:us-east-1:1:vpc/b"}}]}]}`
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nothing":                    {nil, "set --state and --stack"},
		"no stack":                   {[]string{"--state", "testdata/live.tfstate"}, "set --state and --stack"},
		"no such file":               {[]string{"--state", "testdata/none", "--stack", "dev"}, "no such file"},
		"no JSON":                    {[]string{"--state", write("x"), "--stack", "dev"}, "invalid character"},
		"an old Terraform":           {[]string{"--state", write(`{"version":3}`), "--stack", "dev"}, "has the version 3; must be 4"},
		"resources in two regions":   {[]string{"--state", write(two), "--stack", "dev"}, "eu-west-1 and us-east-1; must be one region"},
		"a state without any region": {[]string{"--state", "testdata/base.tfstate", "--stack", "dev"}, "has a region"},
		"no CloudFormation stack":    {[]string{"--state", "testdata/live.tfstate", "--stack", "dev", "--serverless", write("{}")}, "has no StackResources"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := runImports(c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAResourceOutsideTheLegacyStackIsListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	state := `{"version":4,"resources":[{"mode":"managed","type":"aws_sqs_queue","name":"jobs","instances":[{"attributes":{"arn":"arn:aws:sqs:us-east-1:1:jobs"}}]}]}`
	if err := os.WriteFile(path, []byte(state), 0o600); err != nil {
		t.Fatal(err)
	}
	printed, _, err := runImports("--state", path, "--stack", "dev")
	if err != nil || !strings.Contains(printed, "# aws_sqs_queue.jobs: not part of the legacy stack; migrate it by hand") {
		t.Errorf("got %v, %s", err, printed)
	}
}

func TestADeployedStackThatLacksAResourceIsReported(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state")
	var resources []map[string]any
	for _, e := range all() {
		if e.name != "files" && e.component != "" {
			resources = append(resources, map[string]any{"urn": e.urn(target{"didomi", "prod"}), "type": e.token(), "custom": true})
		}
	}
	content, err := json.Marshal(map[string]any{"deployment": map[string]any{"resources": resources}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	_, said, err := runImports("--deployed", path)
	want := "module.storage.module.s3_large_files.aws_s3_bucket.s3 should become " +
		"urn:pulumi:prod::didomi::didomi:data:Data$aws:s3/bucketV2:BucketV2::didomi-prod-data-files, which stack prod does not have\n"
	if !errors.Is(err, command.ErrNo) || said != want {
		t.Errorf("got %v, %s", err, said)
	}
}

func TestTheTableInTheDocumentIsTheProgramsOwn(t *testing.T) {
	document, err := os.ReadFile("../../docs/how-to/migrate-from-terraform.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(document), "\n"+Table("didomi")) {
		t.Error("docs/how-to/migrate-from-terraform.md does not hold what `go run ./ops imports --table` prints")
	}
}
