package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// headers are those of a browser's request behind API Gateway.
var headers = map[string]string{
	"Accept": "application/json", "Accept-Encoding": "gzip, deflate, br", "Accept-Language": "en-GB,en;q=0.9",
	"CloudFront-Forwarded-Proto": "https", "CloudFront-Is-Desktop-Viewer": "true", "CloudFront-Viewer-Country": "FR",
	"Content-Type": "application/json", "Host": "api.example.com", "Origin": "https://www.example.com",
	"Referer": "https://www.example.com/", "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
	"Via": "2.0 fb9dda39dd9bb0d5b1fa29fd53eb5db2.cloudfront.net (CloudFront)", "X-Amz-Cf-Id": "nBsWBOrSHMgnaROZJK1wGCZ9PcRcSpq_oSXZNQwQ10OTZL4cimZo3g==",
	"X-Amzn-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700", "X-Forwarded-For": "203.0.113.7, 198.51.100.9",
	"X-Forwarded-Port": "443", "X-Forwarded-Proto": "https",
}

// event returns a request as API Gateway passes it to a function.
func event(method, resource, parameter, value string, body *string) []byte {
	many := map[string][]string{}
	for name, value := range headers {
		many[name] = []string{value}
	}
	before, _, _ := strings.Cut(resource, "{")
	path := before + value
	encoded, err := json.Marshal(map[string]any{
		"resource": resource, "path": path, "httpMethod": method,
		"headers": headers, "multiValueHeaders": many,
		"queryStringParameters": nil, "multiValueQueryStringParameters": nil,
		"pathParameters": map[string]string{parameter: value}, "stageVariables": nil,
		"body": body, "isBase64Encoded": false,
		"requestContext": map[string]any{
			"accountId": "000000000000", "apiId": "wt6mne2s9k", "deploymentId": "d1", "domainName": "api.example.com",
			"domainPrefix": "api", "extendedRequestId": "UvPS7FhOjoEFc0A=", "httpMethod": method, "path": path,
			"protocol": "HTTP/1.1", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef",
			"requestTime": "24/Nov/2026:02:00:00 +0000", "requestTimeEpoch": time.Now().UnixMilli(),
			"resourceId": "us4z18", "resourcePath": resource, "stage": "live",
			"identity": map[string]any{"sourceIp": "203.0.113.7", "userAgent": headers["User-Agent"], "accessKey": nil, "caller": nil, "user": nil},
		},
	})
	if err != nil {
		panic(err) // unreachable: all values have a JSON form
	}
	return encoded
}

func get(id string) []byte { return event("GET", "/items/{id}", "id", id, nil) }

func put(id, body string) []byte { return event("PUT", "/items/{id}", "id", id, &body) }

func file(key string) []byte { return event("GET", "/files/{key+}", "key", key, nil) }

// sendFunc sends an event and checks the response.
type sendFunc func(ctx context.Context, work chan<- *invocation, event []byte) (result, error)

// sender returns the sendFunc for c. An empty handler's response is not checked.
func (b *bench) sender(c candidate) sendFunc {
	if c.name == b.candidates.empty.name {
		return ask
	}
	return askItem
}

// ask sends an event to one of the processes that read from work.
func ask(ctx context.Context, work chan<- *invocation, event []byte) (result, error) {
	inv := newInvocation(event)
	select {
	case work <- inv:
	case <-ctx.Done():
		return result{}, fmt.Errorf("no process took the request: %w", ctx.Err())
	}
	select {
	case got := <-inv.result:
		return got, got.err
	case <-ctx.Done():
		return result{}, fmt.Errorf("no response: %w", ctx.Err())
	}
}

// askItem is ask for a request whose response must contain an item.
func askItem(ctx context.Context, work chan<- *invocation, event []byte) (result, error) {
	got, err := ask(ctx, work, event)
	if err != nil {
		return got, err
	}
	var shown struct {
		StatusCode int
		Body       string
	}
	if err := json.Unmarshal(got.body, &shown); err != nil || shown.StatusCode/100 != 2 || len(shown.Body) < len(itemBody) {
		return got, fmt.Errorf("response %.300s", got.body)
	}
	return got, nil
}
