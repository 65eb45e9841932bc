package daemon

import (
	"context"
	"log/slog"
	"reflect"
	"testing"
	"time"

	"github.com/didomi/serverless-api/sandbox/gateway/logs"
	"github.com/didomi/serverless-api/sandbox/lambdahost"
)

func TestLinesGoToTheirStreamsInOrder(t *testing.T) {
	got := map[string][]logs.Event{}
	s := newShipper(func(_ context.Context, group, stream string, events []logs.Event) error {
		got[group+" "+stream] = append(got[group+" "+stream], events...)
		return nil
	}, slog.Default())
	at := time.UnixMilli(1700000000123)
	for _, line := range []struct{ stream, text string }{{"a", "one"}, {"b", "two"}, {"a", "three"}} {
		s.add(lambdahost.LogLine{Group: "api", Stream: line.stream, Time: at, Text: line.text})
	}
	s.close()
	want := map[string][]logs.Event{
		"api a": {{Timestamp: 1700000000123, Message: "one"}, {Timestamp: 1700000000123, Message: "three"}},
		"api b": {{Timestamp: 1700000000123, Message: "two"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
