package handler_test

import (
	"encoding/json"
	"io"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/files"
)

// Every event gets a response of the API and never a defect: with working dependencies there is no 500 and no 503.
func FuzzEvent(f *testing.F) {
	for _, seed := range []string{
		`{"httpMethod":"GET","resource":"/items/{id}","pathParameters":{"id":"a"}}`,
		`{"httpMethod":"GET","resource":"/items","multiValueQueryStringParameters":{"limit":["2"],"cursor":["1a"]}}`,
		`{"httpMethod":"PUT","resource":"/items/{id}","pathParameters":{"id":"a"},"headers":{"content-type":"application/json"},"body":"e30=","isBase64Encoded":true}`,
		`{"httpMethod":"DELETE","resource":"/items/{id}","pathParameters":{"id":"a"},"headers":{"If-Match":"W/\"1\", *"}}`,
		`{"httpMethod":"GET","resource":"/files/{key+}","pathParameters":{"key":"a"},"multiValueHeaders":{"If-Range":["\"E1\""],"Range":["bytes=2-4"]}}`,
		`{"httpMethod":"HEAD","resource":"/files/{key+}","pathParameters":{"key":"a"},"headers":{"If-Modified-Since":"Fri, 02 Jan 2026 03:04:05 GMT"}}`,
		`{"httpMethod":"POST","resource":"/files/{key+}","pathParameters":{"key":"a%2Fb"},"headers":{"Content-Type":"application/json; charset=utf-8"},"body":"{\"size\":5}"}`,
	} {
		f.Add([]byte(seed))
	}
	h := allStates()[0]
	whole := h.Files.(bucket)
	open := whole.open
	whole.open = func(key, _, etag string) (files.Object, error) { return open(key, "", etag) }
	h.Files = whole
	f.Fuzz(func(t *testing.T, raw []byte) {
		var event events.APIGatewayProxyRequest
		if json.Unmarshal(raw, &event) != nil {
			return
		}
		served, err := h.Serve(t.Context(), event)
		if err != nil {
			t.Fatal(err)
		}
		status := 0
		switch resp := served.(type) {
		case events.APIGatewayProxyResponse:
			status = resp.StatusCode
		case *events.APIGatewayProxyStreamingResponse:
			if status = resp.StatusCode; status == 200 {
				if _, err := io.Copy(io.Discard, resp); err != nil {
					t.Fatal(err)
				}
			}
			if err := resp.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if status < 200 || status > 499 {
			t.Fatalf("status %d", status)
		}
	})
}
