package e2e

import (
	"context"
	"encoding/json"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// checkState checks that the stack's state is in the emulated bucket, with its secrets encrypted by the emulated key.
func checkState(t *testing.T, out outputs) {
	t.Helper()
	backend, err := url.Parse(out.BackendURL)
	if err != nil || backend.Scheme != "s3" {
		t.Fatalf("backend %q, %v, want a bucket", out.BackendURL, err)
	}
	key := ".pulumi/stacks/didomi/" + out.Stack + ".json"
	response, err := s3.NewFromConfig(awsConfig(out)).GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String(backend.Host), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	var state struct {
		Checkpoint struct {
			Latest struct {
				Secrets struct {
					Type  string
					State struct{ URL string }
				} `json:"secrets_providers"`
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	if by := state.Checkpoint.Latest.Secrets; by.Type != "cloud" || by.State.URL != out.SecretsProvider {
		t.Errorf("the state's secrets are encrypted by %+v, want the key of bootstrap", by)
	}
	if response.VersionId == nil {
		t.Error("the state is kept without earlier versions")
	}
}

// checkRefresh checks that a refresh of all resources finds no difference from the state.
func checkRefresh(t *testing.T, out outputs) {
	t.Helper()
	stdout, stderr, code := pulumi(t, out, repository(t), "refresh", "--stack", out.Stack, "--config-file", out.ConfigFile, "--yes", "--skip-preview", "--expect-no-changes", "--diff", "--color", "never")
	if code != 0 {
		t.Fatalf("refresh: exit %d\n%s\n%s", code, stdout, stderr)
	}
}
