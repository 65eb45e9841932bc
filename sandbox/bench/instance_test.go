package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	awscredentials "github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

func TestAWSLambdaGoParsesTheEvent(t *testing.T) {
	var read events.APIGatewayProxyRequest
	if err := json.Unmarshal(put("item-1", `{"a":1}`), &read); err != nil {
		t.Fatal(err)
	}
	if read.HTTPMethod != "PUT" || read.Path != "/items/item-1" || read.Resource != "/items/{id}" || read.PathParameters["id"] != "item-1" ||
		read.Body != `{"a":1}` || len(read.Headers) != len(headers) || len(read.MultiValueHeaders) != len(headers) || read.RequestContext.Path != read.Path {
		t.Errorf("got %+v", read)
	}
}

// process is a candidate that reads one event from the Runtime API and responds to it.
func process(t *testing.T, api string, path, contentType, body string) {
	t.Helper()
	next, err := http.Get(api + "/2018-06-01/runtime/invocation/next")
	if err != nil {
		t.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, next.Body)
	_ = next.Body.Close()
	sent, err := http.Post(api+"/2018-06-01/runtime/invocation/"+next.Header.Get("Lambda-Runtime-Aws-Request-Id")+path, contentType, strings.NewReader(body))
	if err != nil {
		t.Error(err)
		return
	}
	_ = sent.Body.Close()
}

func TestResponsesOfAProcess(t *testing.T) {
	complete := `{"statusCode":200,"body":` + string(must(json.Marshal(itemBody))) + `}`
	for name, c := range map[string]struct {
		path, contentType, body string
		fails                   string
		bytes                   int64
	}{
		"an item is accepted":                         {path: "/response", body: complete},
		"an item that is too short is an error":       {path: "/response", body: `{"statusCode":200,"body":"{}"}`, fails: "response"},
		"a status that is not 2xx is an error":        {path: "/response", body: strings.Replace(complete, "200", "503", 1), fails: "response"},
		"a failed invocation is an error":             {path: "/error", body: `{"errorMessage":"no database"}`, fails: "no database"},
		"a stream counts the bytes after its prelude": {path: "/response", contentType: streamed, body: "{}" + strings.Repeat("\x00", 8) + "abc", bytes: 3},
	} {
		t.Run(name, func(t *testing.T) {
			work := make(chan *invocation)
			i := &instance{work: work, polled: nil, seen: true}
			server := httptest.NewServer(i.runtimeAPI())
			defer server.Close()
			go process(t, server.URL, c.path, c.contentType, c.body)
			send := askItem
			if c.contentType == streamed {
				send = ask
			}
			got, err := send(t.Context(), work, get("item-1"))
			if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
				t.Errorf("got %v, want %q", err, c.fails)
			}
			if got.bytes != c.bytes || got.took <= 0 && c.path == "/response" {
				t.Errorf("%d bytes after %s, want %d", got.bytes, got.took, c.bytes)
			}
		})
	}
	t.Run("an event that no process reads ends with the context", func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if _, err := ask(ctx, make(chan *invocation), nil); err == nil {
			t.Error("no error")
		}
	})
}

func TestOnlyTheFirstPollIsMeasured(t *testing.T) {
	work := make(chan *invocation, 2)
	i := &instance{work: work, polled: make(chan time.Duration, 2)}
	server := httptest.NewServer(i.runtimeAPI())
	defer server.Close()
	for range 2 {
		inv := newInvocation([]byte(`{}`))
		work <- inv
		process(t, server.URL, "/response", "", `{}`)
		if got := <-inv.result; string(got.body) != `{}` {
			t.Errorf("got %s", got.body)
		}
	}
	if len(i.polled) != 1 {
		t.Errorf("%d first polls", len(i.polled))
	}
}

// The SDK validates checksums.
func TestTheSDKReadsFromTheCloud(t *testing.T) {
	c, err := newCloud("postgres", "of-the-master")
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}()
	if err := c.store("file", 100_000); err != nil {
		t.Fatal(err)
	}
	config := aws.Config{Region: "eu-west-1", BaseEndpoint: aws.String(c.url()), Credentials: awscredentials.NewStaticCredentialsProvider("key", "secret", "")}
	files := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true })
	t.Run("an object with its checksum", func(t *testing.T) {
		out, err := files.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("file"), ChecksumMode: "ENABLED"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = out.Body.Close() }()
		if n, err := io.Copy(io.Discard, out.Body); err != nil || n != 100_000 || aws.ToString(out.ChecksumCRC32) == "" {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	t.Run("a range without a checksum", func(t *testing.T) {
		out, err := files.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("file"), Range: aws.String("bytes=10-19"), ChecksumMode: "ENABLED"})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = out.Body.Close() }()
		if n, err := io.Copy(io.Discard, out.Body); err != nil || n != 10 || out.ChecksumCRC32 != nil {
			t.Errorf("%d bytes, %v", n, err)
		}
	})
	secrets := secretsmanager.NewFromConfig(config)
	t.Run("secrets", func(t *testing.T) {
		if _, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(appSecret)}); err == nil || !strings.Contains(err.Error(), "ResourceNotFound") {
			t.Errorf("one without a value: %v", err)
		}
		value := `{"username":"app","password":"x"}`
		if _, err := secrets.PutSecretValue(t.Context(), &secretsmanager.PutSecretValueInput{SecretId: aws.String(appSecret), SecretString: &value}); err != nil {
			t.Fatal(err)
		}
		out, err := secrets.GetSecretValue(t.Context(), &secretsmanager.GetSecretValueInput{SecretId: aws.String(appSecret)})
		if err != nil || *out.SecretString != value {
			t.Errorf("read back: %v", err)
		}
		if app, err := c.credentials(appSecret); err != nil || app.Username != "app" {
			t.Errorf("got %s, %v", app.Username, err)
		}
	})
}

func TestTheOverlayLiftsBothLimitsOfAStream(t *testing.T) {
	t.Chdir("../..")
	out := t.TempDir()
	overlay, err := liftLimit(out)
	if err != nil {
		t.Fatal(err)
	}
	var replaced struct{ Replace map[string]string }
	if err := json.Unmarshal(must(os.ReadFile(overlay)), &replaced); err != nil || len(replaced.Replace) != 1 {
		t.Fatalf("got %v, %v", replaced, err)
	}
	for original, lifted := range replaced.Replace {
		before, after := string(must(os.ReadFile(original))), string(must(os.ReadFile(lifted)))
		if strings.Count(after, "= 1 << 40") != strings.Count(before, "= 1 << 40")+2 {
			t.Errorf("the overlay does not lift the two limits of %s:\n%s", original, after)
		}
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
