package gateway

import (
	"testing"

	logsgw "github.com/didomi/serverless-api/sandbox/gateway/logs"
)

func TestPutLogs(t *testing.T) {
	s := newTestEnv(t, nil)
	err := s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+"CreateLogGroup", map[string]string{"logGroupName": "put-logs"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range []string{"one", "two"} {
		if err := s.gateway.PutLogs(t.Context(), "put-logs", "2026/11/24/[1]abc", []logsgw.Event{{Timestamp: 1795487727000, Message: message}}); err != nil {
			t.Fatal(err)
		}
	}
	var read struct{ Events []logsgw.Event }
	err = s.gateway.account.Emulator.Target(t.Context(), "logs", logsgw.Target+"GetLogEvents", map[string]any{
		"logGroupName": "put-logs", "logStreamName": "2026/11/24/[1]abc", "startFromHead": true,
	}, &read)
	if err != nil || len(read.Events) != 2 || read.Events[0].Message != "one" || read.Events[1].Message != "two" {
		t.Errorf("read %+v, %v", read.Events, err)
	}
	t.Run("a log group that does not exist is an error", func(t *testing.T) {
		if err := s.gateway.PutLogs(t.Context(), "no-such-group", "s", []logsgw.Event{{Message: "x"}}); err == nil {
			t.Error("got no error")
		}
	})
}
