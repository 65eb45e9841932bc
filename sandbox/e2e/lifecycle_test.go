package e2e

import (
	"context"
	"maps"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gopkg.in/yaml.v3"
)

// TestGrants is the part of TestWholeStack that measures what is granted, on one stack.
func TestGrants(t *testing.T) {
	ownSandbox(t)
	checkRoles(t, up(t, "dev"))
	out := up(t, "dev") // changes nothing, and says where things are by now
	checkServing(t, out)
	checkRotation(t, out)
	checkUse(t, out)
}

// checkServing asks the stack for all that its functions' roles are for.
func checkServing(t *testing.T, out outputs) {
	t.Helper()
	checkItems(t, out)
	checkStream(t, out)
	checkUpload(t, out)
}

// as are the outputs with which the CLI runs as somebody else.
func (o outputs) as(t *testing.T, who aws.Config) outputs {
	t.Helper()
	keys, err := who.Credentials.Retrieve(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o.Env = maps.Clone(o.Env)
	o.Env["AWS_ACCESS_KEY_ID"], o.Env["AWS_SECRET_ACCESS_KEY"], o.Env["AWS_SESSION_TOKEN"] = keys.AccessKeyID, keys.SecretAccessKey, keys.SessionToken
	return o
}

// checkRoles runs the life of a stack with the roles of its pipeline: all but what only an
// administrator makes, which is the roles themselves. It leaves the stack as it was.
func checkRoles(t *testing.T, out outputs) {
	t.Helper()
	names := stackOutputs(t, out)
	user := ciUser(t, out, names["ciUser"].(string))
	preview := out.as(t, assume(t, user, names["ciPreviewRole"].(string)))
	deploy := out.as(t, assume(t, user, names["ciDeployRole"].(string)))

	manage := func(who outputs, config string, args ...string) {
		t.Helper()
		args = append(args, "--stack", out.Stack, "--config-file", config)
		stdout, stderr, code := pulumi(t, who, repository(t), args...)
		if code != 0 {
			t.Fatalf("pulumi %v: exit %d\n%s", args, code, complaints(stdout+stderr))
		}
	}
	manage(preview, out.ConfigFile, "preview", "--expect-no-changes")
	manage(deploy, out.ConfigFile, "refresh", "--preview-only", "--expect-no-changes")
	const identities = "**didomi:iam:IAM**" // an administrator's
	manage(deploy, grown(t, out), "up", "--yes", "--skip-preview", "--exclude", identities)
	emptyBucket(t, out) // no role of the pipeline deletes what customers have stored
	manage(deploy, out.ConfigFile, "destroy", "--yes", "--skip-preview", "--exclude", identities)
	manage(deploy, out.ConfigFile, "up", "--yes", "--skip-preview")
	manage(deploy, out.ConfigFile, "refresh", "--yes", "--skip-preview", "--expect-no-changes")
}

// complaints are the lines of the CLI's output that tell what went wrong, and how it ends.
func complaints(printed string) string {
	lines := strings.SplitAfter(printed, "\n")
	end := max(0, len(lines)-20)
	var told []string
	for _, line := range lines[:end] {
		if strings.Contains(line, "error") || strings.Contains(line, "not authorized") {
			told = append(told, line)
		}
	}
	return strings.Join(append(told, lines[end:]...), "")
}

// emptyBucket deletes every version of every file.
func emptyBucket(t *testing.T, out outputs) {
	t.Helper()
	client, bucket := s3.NewFromConfig(awsConfig(out)), out.Bucket
	all, err := client.ListObjectVersions(context.Background(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	var gone []types.ObjectIdentifier
	for _, version := range all.Versions {
		gone = append(gone, types.ObjectIdentifier{Key: version.Key, VersionId: version.VersionId})
	}
	for _, marker := range all.DeleteMarkers {
		gone = append(gone, types.ObjectIdentifier{Key: marker.Key, VersionId: marker.VersionId})
	}
	if len(gone) == 0 {
		return
	}
	if _, err := client.DeleteObjects(context.Background(), &s3.DeleteObjectsInput{Bucket: &bucket, Delete: &types.Delete{Objects: gone}}); err != nil {
		t.Fatal(err)
	}
}

// grown is the stack's file with prod's sizes and plans, and one tag more.
func grown(t *testing.T, out outputs) string {
	t.Helper()
	own, prod := readStackFile(t, out.ConfigFile), readStackFile(t, filepath.Join(repository(t), "Pulumi.prod.yaml"))
	for _, room := range []string{"didomi:network", "didomi:data", "didomi:api"} {
		own.Config[room] = overlay(own.Config[room], prod.Config[room])
	}
	for room, value := range map[string]any{
		"didomi:tags": map[string]any{"purpose": "grown"},
		"didomi:api":  map[string]any{"requireApiKey": true},
		"didomi:data": map[string]any{"cache": map[string]any{"shards": 1}}, // the emulator adds none
	} {
		own.Config[room] = overlay(own.Config[room], value)
	}
	text, err := yaml.Marshal(own)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "Pulumi.grown.yaml")
	writeFile(t, path, text)
	return path
}

// overlay are the settings below with those above over them.
func overlay(below, above any) any {
	under, ok := below.(map[string]any)
	over, also := above.(map[string]any)
	if !ok || !also {
		if above == nil {
			return below
		}
		return above
	}
	all := maps.Clone(under)
	for key, value := range over {
		all[key] = overlay(all[key], value)
	}
	return all
}

// checkUse holds what the users and roles of the stacks are granted against what they have done so far,
// and prints what of it was not done, with the reasons why it is granted all the same.
func checkUse(t *testing.T, stacks ...outputs) {
	t.Helper()
	args := []string{"audit", "--state", exportState(t, stacks[0]), "--used", filepath.Join(repository(t), ".sandbox", "run", "calls.jsonl")}
	for _, beside := range stacks[1:] {
		args = append(args, "--beside", exportState(t, beside))
	}
	t.Logf("granted, and not used as granted:\n%s", ops(t, args...))
}
