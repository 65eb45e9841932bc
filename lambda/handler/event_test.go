package handler

import (
	"encoding/json"
	"io"
	"log/slog"
	"reflect"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

// used is what the handler asks of an event.
func used(e events.APIGatewayProxyRequest) events.APIGatewayProxyRequest {
	return events.APIGatewayProxyRequest{
		Resource: e.Resource, HTTPMethod: e.HTTPMethod, Headers: e.Headers, MultiValueHeaders: e.MultiValueHeaders,
		QueryStringParameters: e.QueryStringParameters, MultiValueQueryStringParameters: e.MultiValueQueryStringParameters,
		PathParameters: e.PathParameters, Body: e.Body, IsBase64Encoded: e.IsBase64Encoded,
		RequestContext: events.APIGatewayProxyRequestContext{RequestID: e.RequestContext.RequestID},
	}
}

// sameEvent checks that a text is read as encoding/json reads it.
func sameEvent(t *testing.T, text []byte) {
	t.Helper()
	var want events.APIGatewayProxyRequest
	var got Event
	wantErr, gotErr := json.Unmarshal(text, &want), json.Unmarshal(text, &got)
	if (wantErr == nil) != (gotErr == nil) {
		t.Fatalf("%s: error %v, want %v", text, gotErr, wantErr)
	}
	if wantErr == nil && !reflect.DeepEqual(used(got.request), used(want)) {
		t.Fatalf("%s is read as %+v, want %+v", text, used(got.request), used(want))
	}
}

func TestAnEventIsReadAsEncodingJSONReadsIt(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":                    `{}`,
		"null":                       `null`,
		"nulls":                      `{"headers":null,"multiValueHeaders":null,"body":null,"pathParameters":null,"requestContext":null,"isBase64Encoded":null}`,
		"spaces":                     " { \"body\" :\n\t\"x\" , \"isBase64Encoded\" : true } ",
		"escapes":                    `{"body":"a\"b\\","resource":"é\\\"\n\/","pathParameters":{"a\"b":"\ud83d\ude00"}}`,
		"a backslash before the end": `{"body":"\\","resource":"x"}`,
		"what nobody asks for":       `{"z":{"a":[1,-2.5e3,{"b":"}]"}]},"x":true,"requestContext":{"identity":{"a":null},"requestId":"r","y":[]},"body":"b"}`,
		"several values":             `{"multiValueHeaders":{"A":["1","2"],"B":[],"C":null},"headers":{"A":"2"}}`,
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
	f.Fuzz(func(_ *testing.T, text []byte) { _ = (&Event{}).UnmarshalJSON(text) })
}

func FuzzAnswer(f *testing.F) {
	f.Add("a\"b\\c\n\x00\x1f\u2028\xff<>&")
	f.Fuzz(func(t *testing.T, value string) {
		want := events.APIGatewayProxyResponse{StatusCode: 200, Headers: map[string]string{"A": value, value: "B"}, Body: value}
		text, err := io.ReadAll(encodeAnswer(want))
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := json.Marshal(want)
		var got, again events.APIGatewayProxyResponse
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		_ = json.Unmarshal(plain, &again)
		if !reflect.DeepEqual(got, again) {
			t.Fatalf("%q is encoded as %s", value, text)
		}
	})
}

func TestAnAnswerInOnePieceIsEncodedForTheRuntime(t *testing.T) {
	h := &Handler{Log: slog.New(slog.DiscardHandler)}
	var event Event
	if err := json.Unmarshal([]byte(`{"httpMethod":"GET","resource":"/nowhere","requestContext":{"requestId":"r"}}`), &event); err != nil {
		t.Fatal(err)
	}
	answer, err := h.Handle(t.Context(), event)
	if err != nil {
		t.Fatal(err)
	}
	reader, ok := answer.(io.Reader)
	if shown, _ := json.Marshal(answer); !ok || string(shown) != "{}" {
		t.Fatalf("%T shows as %s: the runtime takes a reader for one if it shows as {}", answer, shown)
	}
	var got events.APIGatewayProxyResponse
	if err := json.NewDecoder(reader).Decode(&got); err != nil || got.StatusCode != 404 || got.Headers["X-Request-Id"] != "r" {
		t.Fatalf("%+v, %v", got, err)
	}
}
