// Command function is the tests' Lambda function. Its handler and the request's "do" select its behaviour.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

// version is set by the linker, so that two builds differ.
var version = "1"

func main() {
	switch os.Getenv("_HANDLER") {
	case "init-error":
		fail("/init/error", `{"errorType":"Config","errorMessage":"DB_HOST is missing"}`)
		os.Exit(1)
	case "init-exit":
		os.Exit(3)
	case "api":
		lambda.Start(api)
	case "sigterm":
		lambda.StartWithOptions(do, lambda.WithEnableSIGTERM(func() { fmt.Println("got SIGTERM") }))
	default:
		go beat()
		lambda.Start(do)
	}
}

type request struct {
	Do    string        `json:"do"`
	Size  int64         `json:"size"`
	Sleep time.Duration `json:"sleep"`
}

var (
	beats atomic.Int64
	kept  [][]byte
)

// beat increments a counter while the environment is not frozen.
func beat() {
	for range time.Tick(10 * time.Millisecond) {
		beats.Add(1)
	}
}

func do(ctx context.Context, r request) (any, error) {
	switch r.Do {
	case "environment":
		return os.Environ(), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		deadline, _ := ctx.Deadline()
		return map[string]any{"arn": lc.InvokedFunctionArn, "id": lc.AwsRequestID, "left": time.Until(deadline), "trace": os.Getenv("_X_AMZN_TRACE_ID")}, nil
	case "identity":
		return map[string]any{"pid": os.Getpid(), "version": version, "beats": beats.Load()}, nil
	case "sleep":
		time.Sleep(r.Sleep)
		return os.Getpid(), nil
	case "eat":
		for range r.Size >> 20 {
			block := make([]byte, 1<<20)
			for i := range block {
				block[i] = byte(i)
			}
			kept = append(kept, block)
		}
		return len(kept), nil
	case "error":
		return nil, errors.New("the database is on fire")
	case "panic":
		panic("out of cheese")
	case "exit":
		os.Exit(7)
	case "big":
		return strings.Repeat("x", int(r.Size)), nil
	case "print":
		fmt.Println("hello from the function")
		fmt.Print("no newline")
		return "printed", nil
	case "stream":
		return &events.APIGatewayProxyStreamingResponse{StatusCode: 200, Body: noise(r.Size)}, nil
	case "broken-stream":
		return &events.APIGatewayProxyStreamingResponse{StatusCode: 200, Body: io.MultiReader(noise(r.Size), broken{})}, nil
	case "slow-stream":
		return &events.APIGatewayProxyStreamingResponse{StatusCode: 200, Body: io.MultiReader(noise(r.Size), &slow{r.Sleep})}, nil
	}
	return nil, fmt.Errorf("unknown request %q", r.Do)
}

// noise returns the same random bytes every time.
func noise(size int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8([32]byte{1}), size)
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("the disk went away") }

type slow struct{ d time.Duration }

func (s *slow) Read(p []byte) (int, error) {
	time.Sleep(s.d)
	return copy(p, "late"), io.EOF
}

// api echoes the proxy event, or does what the path requests.
func api(_ context.Context, raw json.RawMessage) (any, error) {
	var e events.APIGatewayProxyRequest
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	switch {
	case strings.HasPrefix(e.Path, "/files/"):
		var size int64
		_, _ = fmt.Sscan(e.QueryStringParameters["size"], &size)
		return &events.APIGatewayProxyStreamingResponse{
			StatusCode: 200,
			Headers:    map[string]string{"Content-Type": "application/octet-stream", "X-Key": e.PathParameters["key"]},
			Body:       noise(size),
		}, nil
	case e.Path == "/malformed":
		return "not a proxy response", nil
	}
	return events.APIGatewayProxyResponse{
		StatusCode: 200, Headers: map[string]string{"Content-Type": "application/json"}, Body: string(raw),
	}, nil
}
