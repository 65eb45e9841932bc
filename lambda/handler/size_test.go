package handler_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"

	"github.com/didomi/serverless-api/lambda/cache"
	"github.com/didomi/serverless-api/lambda/files"
	"github.com/didomi/serverless-api/lambda/handler"
	"github.com/didomi/serverless-api/lambda/postresponse"
	"github.com/didomi/serverless-api/lambda/runtimeapi"
	"github.com/didomi/serverless-api/lambda/store"
	"github.com/didomi/serverless-api/lambda/telemetry"
)

// longest is the longest body that an item may have, padded with what grows when it is sent: an
// buffered response is a JSON string inside JSON.
func longest(padding string) json.RawMessage {
	const size = 256 << 10
	switch padding {
	case `\"`, `\\`, "é", "\u2028", "\x7f":
		return json.RawMessage(`"` + strings.Repeat(padding, (size-2)/len(padding)) + `"`)
	default:
		return json.RawMessage("1" + strings.Repeat(padding, size-1))
	}
}

var paddings = map[string]string{
	"tabs": "\t", "carriage returns": "\r", "line feeds": "\n", "spaces": " ", "quotes": `\"`, "backslashes": `\\`,
	"letters of two bytes": "é", "line separators": "\u2028", "deletes": "\x7f",
}

// sent serves an event as the process does and returns the response, which must be within Lambda's limit.
func sent(t *testing.T, h *handler.Handler, event events.APIGatewayProxyRequest) (got events.APIGatewayProxyResponse) {
	t.Helper()
	if h.Log == nil {
		h.Log = slog.New(slog.DiscardHandler)
	}
	event.RequestContext.RequestID = "request-1"
	text, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := h.Handle(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	if len(resp.Payload) > runtimeapi.MaxResponse {
		t.Errorf("the response has %d bytes, Lambda's limit is %d", len(resp.Payload), runtimeapi.MaxResponse)
	}
	if err := json.Unmarshal(resp.Payload, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestTheLongestItemCanAlwaysBeSent(t *testing.T) {
	for name, padding := range paddings {
		t.Run(name, func(t *testing.T) {
			body := longest(padding)
			h := &handler.Handler{Items: items{
				get: func(string) (store.Item, cache.Status, error) { return store.Item{ID: "a", Body: body}, cache.Hit, nil },
				put: func(id string, body json.RawMessage, _ store.Condition) (store.Item, bool, error) {
					return store.Item{ID: id, Body: body}, true, nil
				},
			}}
			headers := map[string]string{"Content-Type": "application/json"}
			for _, event := range []events.APIGatewayProxyRequest{item("GET", "a", nil, ""), item("PUT", "a", headers, string(body))} {
				got := sent(t, h, event)
				if got.StatusCode/100 != 2 || !strings.Contains(got.Body, string(body)) {
					t.Errorf("%s: status %d, %d bytes", event.HTTPMethod, got.StatusCode, len(got.Body))
				}
			}
		})
	}
}

// A page ends where its response would be over Lambda's limit, whatever the source thinks fits: eight
// items of tabs, 2 MiB, once were a response of 12.6 MB.
func TestAPageEndsBeforeTheResponseLimit(t *testing.T) {
	const rows, id = 26, 128 // items, and characters of an id
	for _, name := range []string{"tabs", "carriage returns", "spaces", "quotes"} {
		t.Run(name, func(t *testing.T) {
			padding := paddings[name]
			all := make([]store.Item, rows)
			for i := range all {
				all[i] = store.Item{ID: fmt.Sprintf("%0*d", id, i), Body: longest(padding)}
			}
			h := &handler.Handler{Items: items{list: func(after string, limit int) (store.Page, error) {
				var page store.Page
				for _, item := range all {
					if page.More = len(page.Items) == limit; page.More {
						break
					}
					if item.ID > after {
						page.Items = append(page.Items, item)
					}
				}
				return page, nil
			}}}
			if seen := walk(t, h, 8); seen != rows {
				t.Errorf("pages of 8 have %d items", seen)
			}
			if seen := walk(t, h, 100); seen != rows {
				t.Errorf("pages of 100 have %d items", seen)
			}
		})
	}
}

// walk follows the pages to the last one and counts their items, each of which comes after the last.
func walk(t *testing.T, h *handler.Handler, limit int) (seen int) {
	t.Helper()
	query := map[string]string{"limit": fmt.Sprint(limit)}
	for last := ""; ; {
		request := event("GET", "/items", nil, nil, "")
		request.QueryStringParameters = query
		var page struct {
			Items  []struct{ ID string }
			Cursor *string `json:"next_cursor"`
		}
		if got := sent(t, h, request); got.StatusCode != 200 || json.Unmarshal([]byte(got.Body), &page) != nil || len(page.Items) == 0 {
			t.Fatalf("status %d, %d items: %.300s", got.StatusCode, len(page.Items), got.Body)
		}
		for _, item := range page.Items {
			if item.ID <= last {
				t.Fatalf("%s comes after %s", item.ID, last)
			}
			last = item.ID
			seen++
		}
		if page.Cursor == nil {
			return seen
		}
		query["cursor"] = *page.Cursor
	}
}

// What cannot be sent is a problem before it is sent, and the line says so.
func TestATooLargeResponseBecomesAProblem(t *testing.T) {
	tooLong := strings.Repeat("\x01", runtimeapi.MaxResponse/6)
	jsonType := map[string]string{"Content-Type": "application/json"}
	h := handler.Handler{
		Items: items{
			get: func(string) (store.Item, cache.Status, error) {
				return store.Item{ID: "a", Body: json.RawMessage(tooLong)}, cache.Hit, nil
			},
			list: func(string, int) (store.Page, error) {
				return store.Page{Items: []store.Item{{ID: "a", Body: json.RawMessage(tooLong)}}}, nil
			},
		},
		Files: bucket{upload: func(key string, _ int64, _ string) (files.Upload, error) {
			return files.Upload{Key: key, UploadID: strings.Repeat("x", runtimeapi.MaxResponse)}, nil
		}},
		Health:  handler.NewHealthChecker(map[string]func(context.Context) error{"database": func(context.Context) error { return nil }}),
		Version: strings.Repeat("x", runtimeapi.MaxResponse),
		Origins: []string{"https://a.example"},
	}
	for name, event := range map[string]events.APIGatewayProxyRequest{
		"an item":   item("GET", "a", nil, ""),
		"a page":    event("GET", "/items", nil, nil, ""),
		"an upload": file("POST", "a", jsonType, `{"size":5}`),
		"health":    event("GET", "/health/details", nil, nil, ""),
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			h.Log = telemetry.NewLogger(&log)
			got := sent(t, &h, event)
			headers := got.Headers
			if got.StatusCode != 500 || headers["Content-Type"] != "application/problem+json" || headers["X-Request-Id"] != "request-1" || headers["Vary"] != "Origin" {
				t.Errorf("status %d, %v: %.300s", got.StatusCode, headers, got.Body)
			}
			line := logged(t, log.String())
			if line.Status != 500 || line.Bytes != len(got.Body) || line.Kind != "internal" || !strings.Contains(line.Error, "Lambda's limit is 6291556") || line.Level != "ERROR" {
				t.Errorf("logged %+v", line)
			}
		})
	}
}

type line struct {
	Level, Kind, Error string
	Status, Bytes      int
}

func logged(t *testing.T, text string) (got line) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return got
}

// The line is written after the response was sent: it reports what the client got.
func TestTheLogReportsAResponseThatCouldNotBeSent(t *testing.T) {
	for name, test := range map[string]struct {
		unsent error
		want   int
	}{"it was sent": {nil, 404}, "it was not": {errors.New("too large"), 502}} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			h := &handler.Handler{Log: telemetry.NewLogger(&log), Meter: telemetry.Meter{Namespace: "shop/function", Function: "api"}}
			ctx, work := postresponse.NewQueue(t.Context())
			resp, err := h.Handle(ctx, []byte(`{"httpMethod":"GET","resource":"/nowhere"}`))
			if err != nil || log.Len() > 0 {
				t.Fatalf("%v, logged before it was sent: %s", err, log.String())
			}
			work.SetSendError(test.unsent)
			work.Run()
			got := logged(t, log.String())
			if failed := test.unsent != nil; got.Status != test.want || (got.Bytes == 0) != failed || (got.Level == "ERROR") != failed || (metricsOf(t, log.String())["InternalErrors"] == 1) != failed {
				t.Errorf("logged %s of %s", log.String(), resp.Payload)
			}
		})
	}
}
