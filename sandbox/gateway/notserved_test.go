package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/didomi/serverless-api/sandbox/gateway/emulator"
)

func TestAnUnservedCallNamesServiceAndCall(t *testing.T) {
	s := newTestEnv(t, nil)
	client := emulator.New(&url.URL{Scheme: "http", Host: s.server.Listener.Addr().String()}, testRegion,
		aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, http.DefaultClient)
	query := func(service, action string) func() error {
		return func() error {
			_, err := client.Query(t.Context(), service, "2012-12-01", map[string]string{"Action": action})
			return err
		}
	}
	target := func(service, target string) func() error {
		return func() error { return client.Target(t.Context(), service, target, map[string]string{}, nil) }
	}
	for _, c := range []struct {
		name  string
		call  func() error
		want  string
		code  string
		isXML bool
	}{
		{"a service of the Query protocol", query("redshift", "CreateCluster"), "redshift: CreateCluster", "SandboxNotServed", true},
		{"a service of a JSON protocol", target("codecommit", "CodeCommit_20150413.CreateRepository"), "codecommit: CreateRepository", "SandboxNotServed", false},
		{"a service of a REST protocol", func() error {
			return client.Rest(t.Context(), "appmesh", http.MethodPut, "/v20190125/meshes", map[string]string{}, nil)
		}, "appmesh: PUT /v20190125/meshes", "SandboxNotServed", false},
		{"a call of the Query protocol", query("autoscaling", "Unheard"), "autoscaling: Unheard", "InvalidAction", true},
		{"a call of a JSON protocol", target("sqs", "AmazonSQS.Unheard"), "sqs: Unheard", "InvalidAction", false},
		{"a call of another JSON protocol", target("dynamodb", "DynamoDB_20120810.Unheard"), "dynamodb: Unheard", "UnknownOperationException", false},
		{"a call of a REST protocol", func() error {
			return client.Rest(t.Context(), "backup", http.MethodGet, "/unheard", nil, nil)
		}, "backup: GET /unheard", "ValidationException", false},
		{"a call of a service that is corrected", query("sns", "Unheard"), "sns: Unheard", "InvalidAction", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got *emulator.Error
			if err := c.call(); !errors.As(err, &got) {
				t.Fatalf("error %v, want a response", err)
			}
			if got.Status != http.StatusBadRequest || !strings.Contains(got.Body, c.code) || strings.HasPrefix(got.Body, "<") != c.isXML {
				t.Errorf("%d %s; want 400 %s, as XML: %t", got.Status, got.Body, c.code, c.isXML)
			}
			service, _, _ := strings.Cut(c.want, ":")
			for _, text := range []string{"ministack " + emulator.Version, "does not serve " + c.want, "sandbox/gateway/" + service, "docs/reference/sandbox-differences.md#services"} {
				if !strings.Contains(got.Body, text) {
					t.Errorf("%q is not in %s", text, got.Body)
				}
			}
		})
	}
}

func TestAFailureOfTheEmulatorIsRepeatedTwice(t *testing.T) {
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = io.WriteString(w, `{"__type": "InternalError", "message": "KeyError: 'Name'"}`)
	}))
	t.Cleanup(broken.Close)
	upstream, err := url.Parse(broken.URL)
	if err != nil {
		t.Fatal(err)
	}
	s := newTestEnv(t, upstream)
	for attempt, want := range map[int]int{1: 500, 2: 500, 3: 400} {
		t.Run(fmt.Sprintf("attempt %d gets status %d", attempt, want), func(t *testing.T) {
			client := emulator.New(&url.URL{Scheme: "http", Host: s.server.Listener.Addr().String()}, testRegion,
				aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, http.DefaultClient)
			header := http.Header{"X-Amz-Target": {"AWSStepFunctions.CreateStateMachine"}, "Amz-Sdk-Request": {fmt.Sprintf("attempt=%d; max=25", attempt)}}
			_, err := client.Do(t.Context(), "states", http.MethodPost, "/", header, []byte("{}"))
			var got *emulator.Error
			if !errors.As(err, &got) || got.Status != want {
				t.Fatalf("error %v, want status %d", err, want)
			}
			if named := strings.Contains(got.Body, "failed in states: CreateStateMachine: KeyError: 'Name'"); named != (want == 400) {
				t.Errorf("body %s", got.Body)
			}
		})
	}
}

// unnamed are the emulator's handlers that no service's name in a signature leads to: a path or a target does.
var unnamed = []string{
	"appconfigdata", "appsync-events", "bedrock-agent", "bedrock-agent-runtime", "bedrock-runtime", "cloudcontrol", "documentdb",
	"dynamodbstreams", "ecs-metadata", "imds", "lambda-core", "lambda-microvms",
}

func TestServedServices(t *testing.T) {
	python, err := emulatorPython()
	if err != nil {
		t.Fatal(err)
	}
	const route = `
import json, sys
from ministack.app import SERVICE_HANDLERS
from ministack.core.router import detect_service
routed = {}
for name in json.load(sys.stdin):
    signed = f"AWS4-HMAC-SHA256 Credential=A/20260101/eu-west-1/{name}/aws4_request"
    routed[name] = detect_service("POST", "/", {"authorization": signed, "host": "localhost"}, {})
json.dump({"routed": routed, "handlers": list(SERVICE_HANDLERS)}, sys.stdout)`
	own := []string{"application-autoscaling", "cloudcontrolapi", "servicequotas"} // the gateway's, and one that a target leads to
	names := slices.DeleteFunc(emulator.Served(), func(name string) bool { return slices.Contains(own, name) })
	input, err := json.Marshal(names)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(python, "-c", route)
	command.Stdin, command.Dir = strings.NewReader(string(input)), t.TempDir()
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var emulated struct {
		Routed   map[string]string
		Handlers []string
	}
	if err := json.Unmarshal(output, &emulated); err != nil {
		t.Fatal(err)
	}
	reached := map[string]bool{}
	for name, handler := range emulated.Routed {
		reached[handler] = true
		if !slices.Contains(emulated.Handlers, handler) || handler == "s3" && name != "s3" {
			t.Errorf("%s is listed and the emulator leads it to %s", name, handler)
		}
	}
	for _, handler := range emulated.Handlers {
		if reached[handler] == slices.Contains(unnamed, handler) {
			t.Errorf("the emulator serves %s: list its name in signatures in emulator/services.go, or the handler in unnamed", handler)
		}
	}
	for _, service := range own {
		if !emulator.Serves(service) {
			t.Errorf("%s is not listed", service)
		}
	}
	for _, c := range []struct{ file, want string }{
		{filepath.Join("..", "ministack", "requirements.in"), "ministack==" + emulator.Version},
		{filepath.Join("..", "..", "docs", "reference", "sandbox-differences.md"), "`" + strings.Join(emulator.Served(), "` `") + "`"},
	} {
		t.Run(c.file+" agrees", func(t *testing.T) {
			text, err := os.ReadFile(c.file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(text), c.want) {
				t.Errorf("it lacks %s", c.want)
			}
		})
	}
}
