package handler

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"
)

// sorted is a request whose fields are in the order of their names.
func sorted(r *request) *request {
	for _, fields := range [][]field{r.header, r.query, r.path} {
		slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.name, b.name) })
	}
	return r
}

// sameEvent checks that a text is read as encoding/json reads it.
func sameEvent(t *testing.T, text []byte) {
	t.Helper()
	var want events.APIGatewayProxyRequest
	wantErr := json.Unmarshal(text, &want)
	got, gotErr := readEvent(text)
	if (wantErr == nil) != (gotErr == nil) {
		t.Fatalf("%s: error %v, want %v", text, gotErr, wantErr)
	}
	if wantErr != nil {
		return
	}
	if got, want := fmt.Sprintf("%+v", *sorted(got)), fmt.Sprintf("%+v", *sorted(newRequest(want))); got != want {
		t.Fatalf("%s is read as %s, want %s", text, got, want)
	}
}

func TestEventsAreDecodedAsByEncodingJSON(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                    `{}`,
		"null":                       `null`,
		"nulls":                      `{"headers":null,"multiValueHeaders":null,"body":null,"pathParameters":null,"requestContext":null,"isBase64Encoded":null}`,
		"spaces":                     " { \"body\" :\n\t\"x\" , \"isBase64Encoded\" : true } ",
		"escapes":                    `{"body":"a\"b\\","resource":"é\\\"\n\/","pathParameters":{"a\"b":"\ud83d\ude00"}}`,
		"a backslash before the end": `{"body":"\\","resource":"x"}`,
		"what nobody asks for":       `{"z":{"a":[1,-2.5e3,{"b":"}]"}]},"x":true,"requestContext":{"identity":{"a":null},"requestId":"r","y":[]},"body":"b"}`,
		"several values":             `{"multiValueHeaders":{"A":["1","2"],"B":[],"C":null},"headers":{"A":"2"}}`,
		"the plain form alone":       `{"queryStringParameters":{"a":"1"},"headers":{"A":"2","b":""},"multiValueHeaders":null,"body":"b"}`,
		"the plain form at the end":  `{"multiValueHeaders":{},"headers":{"A":"2"}}`,
		"a number for a string":      `{"body":1}`,
		"a list for an object":       `{"headers":[]}`,
		"a list":                     `[]`,
		"invalid UTF-8":              "{\"body\":\"\xff\"}",
	} {
		t.Run(name, func(t *testing.T) { sameEvent(t, []byte(text)) })
	}
}

func FuzzEventReader(f *testing.F) {
	f.Add("GET", "/items/{id}", "a", "If-Match", `"x"`, `{"a":"\\"}`, true)
	f.Add("PUT", "\"", "\\", "\x00", "\u2028", "\xff", false)
	f.Fuzz(func(t *testing.T, method, resource, id, header, value, body string, base64 bool) {
		text, err := json.Marshal(events.APIGatewayProxyRequest{
			HTTPMethod: method, Resource: resource, PathParameters: map[string]string{"id": id}, Body: body, IsBase64Encoded: base64,
			Headers: map[string]string{header: value}, MultiValueHeaders: map[string][]string{header: {value, id}},
			StageVariables: map[string]string{value: body}, RequestContext: events.APIGatewayProxyRequestContext{RequestID: id, Path: body},
		})
		if err != nil {
			t.Fatal(err)
		}
		sameEvent(t, text)
	})
}

// Whatever arrives, reading it ends.
func FuzzEventText(f *testing.F) {
	f.Add([]byte(`{"body":"\"`))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = readEvent(text) })
}

func FuzzResponse(f *testing.F) {
	f.Add("a\"b\\c\n\x00\x1f\u2028\xff<>&")
	f.Add("\"\\\b\t\n\f\r\v\x00\x1f\x7f\u2028é")
	f.Fuzz(func(t *testing.T, value string) {
		want := events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"A": value, value: "B"}, Body: value}
		text := encodeResponse(want)
		plain, _ := json.Marshal(want)
		var got, again events.APIGatewayProxyResponse
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		_ = json.Unmarshal(plain, &again)
		if !reflect.DeepEqual(got, again) {
			t.Fatalf("%q is encoded as %s", value, text)
		}
		if sent := len(appendString(nil, value)) - 2; utf8.ValidString(value) && sent != encodedLength([]byte(value)) {
			t.Fatalf("%q takes %d bytes, not %d", value, sent, encodedLength([]byte(value)))
		}
	})
}

func TestABufferedResponseIsEncodedForTheRuntime(t *testing.T) {
	h := &Handler{Log: slog.New(slog.DiscardHandler)}
	resp, err := h.Handle(t.Context(), []byte(`{"httpMethod":"GET","resource":"/nowhere","requestContext":{"requestId":"r"}}`))
	if err != nil {
		t.Fatal(err)
	}
	var got events.APIGatewayProxyResponse
	if err := json.Unmarshal(resp.Payload, &got); err != nil || got.StatusCode != 404 || got.Headers["X-Request-Id"] != "r" {
		t.Fatalf("%s: %v", resp.Payload, err)
	}
}

func TestAMalformedEventIsAnError(t *testing.T) {
	h := &Handler{Log: slog.New(slog.DiscardHandler)}
	if resp, err := h.Handle(t.Context(), []byte(`{"headers":[]}`)); err == nil {
		t.Fatalf("answered %s", resp.Payload)
	}
}
