package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/config"

	"github.com/didomi/serverless-api/client"
	"github.com/didomi/serverless-api/client/transport"
)

// serve is an API of one item, whose version is its ETag. It is not the real one: lambda/handler tests the client with that.
func serve() *httptest.Server {
	version, body := 0, json.RawMessage(nil)
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		etag := fmt.Sprintf(`"%d"`, version)
		switch {
		case r.Method == http.MethodPut && (r.Header.Get("If-None-Match") == "*" && version > 0 || r.Header.Get("If-Match") != "" && r.Header.Get("If-Match") != etag):
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusPreconditionFailed)
			_, _ = io.WriteString(w, `{"title":"Precondition Failed","status":412,"request_id":"r-1"}`)
			return
		case r.Method == http.MethodPut:
			version++
			body, _ = io.ReadAll(r.Body)
		}
		item := map[string]any{"id": "greeting", "body": body, "updated_at": time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, version))
		if r.URL.Path == "/items" {
			_ = json.NewEncoder(w).Encode(map[string]any{"items": []any{item}, "next_cursor": nil})
			return
		}
		_ = json.NewEncoder(w).Encode(item)
	}))
}

func Example() {
	api := serve()
	defer api.Close()
	ctx := context.Background()
	c, err := client.New(api.URL, transport.WithAPIKey("the stack's output apiKey"))
	if err != nil {
		fmt.Println(err)
		return
	}
	created, err := c.PutItem(ctx, "greeting", map[string]string{"text": "hello"}, client.IfAbsent())
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := c.PutItem(ctx, "greeting", map[string]string{"text": "hello again"}, client.IfUnchanged(created.ETag)); err != nil {
		fmt.Println(err)
		return
	}
	// The version is another one by now.
	_, err = c.PutItem(ctx, "greeting", map[string]string{"text": "goodbye"}, client.IfUnchanged(created.ETag))
	fmt.Println(errors.Is(err, transport.ErrPrecondition), err)
	for item, err := range c.Items(ctx, 100) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(item.Id, string(item.Body))
	}
	// Output:
	// true PUT /items/greeting: 412 Precondition Failed (request r-1)
	// greeting {"text":"hello again"}
}

// An API with IAM authorization: each request is signed with the AWS credentials of the environment.
func ExampleNew_signed() {
	ctx := context.Background()
	aws, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := client.New(os.Getenv("API_URL"), transport.WithSigV4(aws.Credentials, aws.Region))
	if err != nil {
		fmt.Println(err)
		return
	}
	health, err := c.Health(ctx)
	fmt.Println(health.Status, err)
}

// An upload that fails half-way is resumed: what S3 has is not sent again.
func ExampleClient_PutFile() {
	ctx := context.Background()
	c, err := client.New(os.Getenv("API_URL"))
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := os.Open("film.mp4")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.PutFile(ctx, "films/film.mp4", file, info.Size(), client.UploadOptions{ContentType: "video/mp4"})
	for unfinished := new(client.Unfinished); errors.As(err, &unfinished) && ctx.Err() == nil; {
		fmt.Println(unfinished)
		err = c.PutFile(ctx, "films/film.mp4", file, info.Size(), client.UploadOptions{Resume: &unfinished.Upload})
	}
	fmt.Println(err)
}

// A download continues where a connection breaks.
func ExampleClient_File() {
	c, err := client.New(os.Getenv("API_URL"))
	if err != nil {
		fmt.Println(err)
		return
	}
	file, err := c.File(context.Background(), "films/film.mp4", client.DownloadOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = file.Close() }()
	var to strings.Builder
	if n, err := io.Copy(&to, file); err != nil {
		fmt.Printf("%s of version %s: %d of %d bytes: %v\n", file.Key, file.ETag, n, file.Size, err)
	}
}
