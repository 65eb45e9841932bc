package uses

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// write writes a Go file of the package p with a function that contains calls.
func write(t *testing.T, path, imports, calls string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	source := "package p\nimport (\n" + imports + ")\nfunc f() { " + calls + " }\n"
	if err := os.WriteFile(path, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestWhatTheProgramsUseIsFound(t *testing.T) {
	repo := t.TempDir()
	const kms, s3 = "\"" + sdkPath + "/kms\"\n", "\"" + sdkPath + "/s3\"\n"
	own := func(dir string) string { return "\"" + repoModule + dir + "\"\n" }
	for path, content := range map[string][2]string{
		"main.go":               {own("component"), ""},
		"settings.go":           {kms, "kms.NewAlias(&kms.AliasArgs{}, kms.GetAliasesArgs{})"},
		"main_test.go":          {own("mocks"), ""},
		"component/new.go":      {kms + own("internal/key"), "kms.NewGrant(); New(); x.NewThing()"},
		"internal/key/key.go":   {"keys \"" + sdkPath + "/kms\"\n\"" + sdkPath + "\"\n", "keys.NewKey(); aws.GetRegion()"},
		"bootstrap/main.go":     {s3, "s3.LookupBucket()"},
		"mocks/mocks.go":        {kms, "kms.NewReplicaKey()"},
		"sandbox/awsx/main.go":  {own("sandbox/awsx/vpc"), ""},
		"sandbox/awsx/vpc/v.go": {"", `register("aws:ec2/vpc:Vpc"); match("aws:ResourceTag/name"); say("aws:ec2/vpc:Vpc is there")`},
	} {
		write(t, filepath.Join(repo, path), content[0], content[1])
	}
	got, err := Find(repo)
	want := []string{"aws:ec2/vpc:Vpc", "index.GetRegion", "kms.NewAlias", "kms.NewGrant", "kms.NewKey", "s3.LookupBucket"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v; want %v", got, err, want)
	}
}

func TestAFileThatDoesNotParseIsNamed(t *testing.T) {
	repo := t.TempDir()
	write(t, filepath.Join(repo, "main.go"), "", "(")
	if _, err := Find(repo); err == nil {
		t.Error("no error")
	}
}

func TestThisRepositoryUsesTheProvider(t *testing.T) {
	got, err := Find("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rds.NewProxy", "s3.NewBucketV2", "aws:ec2/natGateway:NatGateway", "index.GetCallerIdentity"} {
		if !slices.Contains(got, want) {
			t.Errorf("%s is not among %v", want, got)
		}
	}
}
